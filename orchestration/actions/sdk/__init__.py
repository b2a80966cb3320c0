"""What `apflow` offers beyond declaring executors and hooks: storing tasks, and running trees in this process."""
