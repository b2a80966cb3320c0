"""Small things that executors use."""
