"""The composition root: sees every app, and nobody imports it."""
