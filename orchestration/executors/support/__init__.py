"""What several built-in executors share."""
