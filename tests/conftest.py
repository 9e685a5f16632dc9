"""Fixtures that every test may use."""

pytest_plugins = ["tests.services", "tests.peers", "tests.integrations.patient"]
