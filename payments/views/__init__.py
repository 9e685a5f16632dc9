"""The shop's pages for people."""
