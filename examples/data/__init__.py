"""The data that the examples work on, and what makes it."""
