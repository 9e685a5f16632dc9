"""The border's own tables."""
