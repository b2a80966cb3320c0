"""Chaos: random trees on several workers, random faults, and a checker over what is left.

`python -m benchmarks.chaos --seconds N [--seed S] [--workers N]`. Everything happens in a database server and a
folder of its own. Two histories are kept: what the clients asked for and saw, and what user code did (appended to a
file by the executors themselves); the checker compares both with the database.
"""
