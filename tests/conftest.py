"""Fixtures for the tests of every layer."""

pytest_plugins = ["fixtures_tiny"]
