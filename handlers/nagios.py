"""Nagios and what grew out of it (Naemon, Shinken, Checkmk's core): notifications by `tocsinctl send`."""

from collections.abc import Iterator

from daemon.event import Event
from daemon.hook import Hook
from daemon.payload.checks import notified
from daemon.registry import Sample, handler

_SERVICE = b"""{"type": "PROBLEM", "host": "web-3", "address": "10.0.0.3", "service": "HTTP", "state": "CRITICAL",
 "state_type": "HARD", "problem": "118", "last_problem": "97", "output": "CRITICAL - Socket timeout after 10 seconds",
 "long": "", "time": "1795222800"}"""
_SERVICE_OVER = (
    _SERVICE.replace(b'"PROBLEM"', b'"RECOVERY"')
    .replace(b'"CRITICAL"', b'"OK"')
    .replace(b'"problem": "118", "last_problem": "97"', b'"problem": "0", "last_problem": "118"')
    .replace(b"CRITICAL - Socket timeout after 10 seconds", b"HTTP OK: 200 in 0.02 s")
    .replace(b"1795222800", b"1795224000")
)
_HOST = b"""{"type": "PROBLEM", "host": "web-3", "address": "10.0.0.3", "service": "$SERVICEDESC$", "state": "DOWN",
 "state_type": "HARD", "problem": "119", "last_problem": "0", "output": "PING CRITICAL - 100% loss",
 "long": "", "time": "1795222800"}"""
_HOST_OVER = (
    _HOST.replace(b'"PROBLEM"', b'"RECOVERY"').replace(b'"DOWN"', b'"UP"').replace(b"1795222800", b"1795224000")
)


@handler(
    "nagios",
    samples={
        "firing": Sample(body=_SERVICE),
        "resolved": Sample(body=_SERVICE_OVER),
        "firing, a host": Sample(body=_HOST),
        "resolved, a host": Sample(body=_HOST_OVER),
    },
)
def nagios(hook: Hook) -> Iterator[Event]:
    """Host and service name the problem; what OK and UP say is over."""
    yield notified(hook)
