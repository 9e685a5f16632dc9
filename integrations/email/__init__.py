"""Mail: a row first, carried by a vendor afterwards, sent once."""
