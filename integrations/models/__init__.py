"""The border's own rows: what vendors did to us, and what we decided about it."""
