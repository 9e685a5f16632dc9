"""The verbs of selling; nothing else writes the tables of this app."""
