"""What can be asked of the daemon."""
