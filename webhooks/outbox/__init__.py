"""What we decided, and its way to every sink."""
