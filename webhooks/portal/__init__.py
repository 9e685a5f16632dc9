"""The customers' portal: pages over `webhooks.endpoints`, for any signed-in person and their own endpoints."""
