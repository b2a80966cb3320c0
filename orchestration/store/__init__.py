"""Every query and batch write of the engine; the only raw SQL."""
