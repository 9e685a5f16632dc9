"""What comes in: verified, stored once, then acknowledged."""
