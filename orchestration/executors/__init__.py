"""The built-in executors: one module each, written against the public SDK only."""
