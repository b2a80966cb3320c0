"""Executors that keep things."""
