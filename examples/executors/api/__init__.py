"""Executors that ask other services."""
