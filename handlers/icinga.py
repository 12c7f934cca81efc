"""Icinga 2: notifications by `tocsinctl send`, through a NotificationCommand."""

from collections.abc import Iterator

from daemon.event import Event
from daemon.hook import Hook
from daemon.payload.checks import notified
from daemon.registry import Sample, handler

_SERVICE = b"""{"type": "PROBLEM", "host": "web-3", "address": "10.0.0.3", "service": "disk", "state": "WARNING",
 "output": "DISK WARNING - free space: / 4 GB (9%)", "time": "1795222800", "author": "", "comment": "",
 "labels": {"display_name": "Disk space"}, "links": {"icinga": "https://icinga.example.com/icingadb/host?name=web-3"}}"""
_SERVICE_OVER = (
    _SERVICE.replace(b'"PROBLEM"', b'"RECOVERY"')
    .replace(b'"WARNING"', b'"OK"')
    .replace(b"DISK WARNING - free space: / 4 GB (9%)", b"DISK OK - free space: / 40 GB (90%)")
    .replace(b"1795222800", b"1795224000")
)
_HOST = b"""{"type": "PROBLEM", "host": "web-3", "address": "10.0.0.3", "state": "DOWN",
 "output": "PING CRITICAL - Packet loss = 100%", "time": "1795222800", "author": "", "comment": ""}"""
_HOST_OVER = (
    _HOST.replace(b'"PROBLEM"', b'"RECOVERY"').replace(b'"DOWN"', b'"UP"').replace(b"1795222800", b"1795224000")
)


@handler(
    "icinga",
    samples={
        "firing": Sample(body=_SERVICE),
        "resolved": Sample(body=_SERVICE_OVER),
        "firing, a host": Sample(body=_HOST),
        "resolved, a host": Sample(body=_HOST_OVER),
    },
)
def icinga(hook: Hook) -> Iterator[Event]:
    """Host and service name the problem; what OK and UP say is over."""
    yield notified(hook)
