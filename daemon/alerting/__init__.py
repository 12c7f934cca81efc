"""What becomes of an event: the pipeline and its pure decisions."""
