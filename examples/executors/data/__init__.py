"""Executors that turn data into other data."""
