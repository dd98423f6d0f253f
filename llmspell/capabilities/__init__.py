"""What scripts can ask for: the API table, and beside it a file per subject with the handlers."""
