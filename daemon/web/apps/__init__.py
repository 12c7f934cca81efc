"""Pages about applications: what they were asked, how long it took, what went wrong; for whoever may read."""
