"""The way out: everything Patchbay asks of a vendor goes through here."""
