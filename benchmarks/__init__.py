"""Benchmarks: whole trees through a real engine on a real database, as ratios to the raw limit of the same run."""
