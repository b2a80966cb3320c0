"""Stored tasks."""
