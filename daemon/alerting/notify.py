"""Has a receiver something new to hear? One comparison of what it was told with what there is."""

from collections.abc import Collection, Mapping

from daemon.event import Severity
from daemon.notice import Reason
from daemon.store.groups import Told


def reason(
    told: Told | None,
    firing: Mapping[str, Severity],
    resolved: Collection[str],
    *,
    of_ends: bool,
    repeat_at: float,
    now: float,
) -> Reason | None:
    """Say why a receiver is to be told of a group as it is now, or None.

    `firing` and `resolved` are fingerprints that nothing mutes; `of_ends` is whether it wants to hear of ends;
    `repeat_at` is when what fires is to be told again, infinite when it is not. What it was told alone decides (as in
    prometheus/alertmanager notify/notify.go, `needsUpdate`): the end of what it was never told is none for it.
    """
    known: Mapping[str, Severity] = told.firing if told else {}
    over = [fingerprint for fingerprint in resolved if told and (fingerprint in known or fingerprint in told.aside)]
    if firing and not known:
        return Reason.FIRST
    if any(fingerprint not in known for fingerprint in firing):
        return Reason.NEW_MEMBER
    if any(severity.urgency < known[fingerprint].urgency for fingerprint, severity in firing.items()):
        return Reason.WORSE
    if over and of_ends:
        return Reason.SOME_RESOLVED if firing else Reason.ALL_RESOLVED
    return Reason.REPEAT if firing and now >= repeat_at else None
