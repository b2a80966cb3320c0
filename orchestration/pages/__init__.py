"""Pages: thin views that render HTML. What they show is chosen here; what users do is in `orchestration.actions`."""
