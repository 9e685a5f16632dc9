"""The path of one thing from click to effect."""
