"""What all of our API has in common, and what it shows of deliveries and events."""
