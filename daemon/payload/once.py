"""What a source tells once and never takes back: news, a test, a reminder."""

from daemon.hook import Hook

LASTS = 3_600.0  # seconds; shorter than any sensible repeat_interval, so that it is told once


def over_at(hook: Hook) -> float:
    """When what nobody will resolve is over by itself, in seconds since the epoch."""
    return hook.received_at + LASTS
