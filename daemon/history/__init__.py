"""What probes saw, kept: single readings for an hour, sums of them for years, and how long each thing was up."""
