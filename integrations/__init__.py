"""The border: knows vendors, and knows nothing of our business."""
