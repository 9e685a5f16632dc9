"""Catalogue, cart, orders and payments; the ledger and subscriptions have their room here."""
