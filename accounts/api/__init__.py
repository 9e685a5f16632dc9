"""The endpoints for signing in, and for what a person knows of themselves."""
