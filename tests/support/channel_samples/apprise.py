"""A service that Apprise knows: its own JSON."""

from channel_samples import CANARY
from daemon.secret import Secret

SAMPLE = None
SETTINGS = {"url": Secret(f"json://127.0.0.1:1/{CANARY}")}
