"""Fixtures for the tests of every layer."""

pytest_plugins = ["fixtures_real", "fixtures_tiny"]
