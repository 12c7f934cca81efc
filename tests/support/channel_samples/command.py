"""A program."""

SAMPLE = None
SETTINGS = {"argv": ("/bin/true",)}
