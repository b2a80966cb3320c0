"""Executors of the examples, grouped by what they deal with: data, APIs, storage."""
