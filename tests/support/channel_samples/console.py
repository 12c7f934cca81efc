"""It talks to nobody."""

SAMPLE = None
