"""Customers' endpoints: what they are told, how it is sent, and what becomes of those that do not answer."""
