"""Backups: the whole database as one file, and back again.

Rows travel as the text of PostgreSQL's COPY, so that neither `pg_dump` nor the version of a server matters.
"""
