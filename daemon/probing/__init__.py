"""When to look, and what a row of readings means."""
