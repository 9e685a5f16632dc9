"""What was sent to us and never arrived: found in the vendors' own lists, and fetched."""
