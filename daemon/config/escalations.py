"""The rules of what follows a telling: escalation steps, acknowledgements, links."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from daemon.config.answers import Acknowledge
from daemon.config.audience import Escalation, Leg, Route
from daemon.config.findings import Path, quoted
from daemon.config.settings import Settings
from daemon.units import spoken

SHORTEST_SECRET = 16  # characters: a link that can be guessed is none


def told(settings: Settings) -> Iterator[tuple[Path, Leg]]:
    """Everybody who is told anything, and where that stands: the legs of receivers, and every step."""
    for receiver in settings.receivers.values():
        for i, leg in enumerate(receiver.notify):
            yield ("receivers", receiver.name, "notify", f"[{i}]"), leg
    for path, steps in _ladders(settings):
        for i, step in enumerate(steps):
            yield (*path, f"[{i}]"), Leg(by=step.by, to=step.to)


def escalations(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Each step comes after the one before it."""
    for path, steps in _ladders(settings):
        for i, (earlier, later) in enumerate(pairwise(steps), 1):
            if later.after <= earlier.after:
                sentence = (
                    f"{spoken(later.after)} is not later than the step before it, after {spoken(earlier.after)};"
                    " each is counted from the first telling"
                )
                yield (*path, f"[{i}]", "after"), sentence


def acknowledge(settings: Acknowledge) -> Iterator[tuple[Path, str]]:
    """The usual time within what is allowed, and time enough before the reminder."""
    if settings.for_ > settings.most:
        yield ("acknowledge", "for"), f"is longer than acknowledge.most, {spoken(settings.most)}"
    if settings.remind_before >= settings.for_:
        sentence = f"leaves no time before the reminder: acknowledge.for is {spoken(settings.for_)}; 0 reminds nobody"
        yield ("acknowledge", "remind_before"), sentence


def links(settings: Settings) -> Iterator[tuple[Path, str]]:
    """An address that people can open, and a secret that nobody guesses."""
    if settings.links is None:
        return
    if problem := _not_a_base(settings.links.base):
        yield ("links", "base"), f"{problem}; write for example https://alarm.example.com:8420"
    if len(settings.links.secret.reveal()) < SHORTEST_SECRET:
        yield ("links", "secret"), f"is too short; at least {SHORTEST_SECRET} characters that nobody can guess"


def _not_a_base(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"{quoted(text)} is not an address"
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        return f"{quoted(text)} is not an address that begins with http:// or https://"
    if "@" in parts.netloc:
        return "holds a user or password, which everybody who gets a link would see"
    if parts.query or parts.fragment or "?" in text or "#" in text:
        return "holds a ? or #, behind which nothing can be added"
    return ""


def _ladders(settings: Settings) -> Iterator[tuple[Path, Sequence[Escalation]]]:
    for receiver in settings.receivers.values():
        yield ("receivers", receiver.name, "escalate"), receiver.escalate
    yield from _of_route(settings.route, ("route",))


def _of_route(route: Route, path: Path) -> Iterator[tuple[Path, Sequence[Escalation]]]:
    yield (*path, "escalate"), route.escalate or ()
    for i, child in enumerate(route.routes):
        yield from _of_route(child, (*path, "routes", f"[{i}]"))
