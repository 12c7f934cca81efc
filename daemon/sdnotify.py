"""Telling the service manager how we are: one datagram to the socket it named in $NOTIFY_SOCKET.

Nothing here raises, and without the variable nothing is sent: under supervisord or at a desk nobody listens.
"""

import os
import socket


def notify(*lines: str) -> bool:
    """Send `KEY=VALUE` lines; say whether a service manager took them."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return False
    if place.startswith("@"):
        place = "\0" + place[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(0)  # a manager that does not read must not hold us up
            sender.connect(place)
            sender.send("\n".join(lines).encode())
    except OSError:
        return False
    return True


def ready(text: str = "") -> bool:
    """The doors are open, at start as after a reload."""
    return notify("READY=1", *_status(text))


def reloading() -> bool:
    """A new configuration is being taken over; `ready` must follow."""
    return notify("RELOADING=1")


def stopping(text: str = "") -> bool:
    """No new work is taken; what is under way is being finished."""
    return notify("STOPPING=1", *_status(text))


def watchdog() -> bool:
    """Still alive: to be said from the event loop, so that a blocked loop is noticed."""
    return notify("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds between two calls of `watchdog`: half of what the manager bears; None when it does not watch."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        bears = int(os.environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    return bears / 2_000_000 if bears > 0 else None


def _status(text: str) -> tuple[str, ...]:
    """One line of free text; a line break in it would be read as another key."""
    return (f"STATUS={' '.join(text.split())}",) if text else ()
