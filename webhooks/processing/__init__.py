"""From a stored delivery to its effect."""
