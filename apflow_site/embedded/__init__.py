"""The embedded PostgreSQL: a database engine for Django that starts and stops its own server.

`ENGINE = "apflow_site.embedded"` with `DATA_DIR` in the database settings; see `server` for what it does on disk.
"""
