"""Tests of the built-in executors."""
