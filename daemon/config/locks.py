"""Who gets in: keys and tokens that are sound, and no door beyond this machine without a lock."""

import re
from collections.abc import Callable, Iterator

from daemon.config.doors import Door, Opened, http_door, zmq_door
from daemon.config.findings import quoted
from daemon.config.settings import Settings, Source
from daemon.config.written import Problem

_Z85_KEY = re.compile(r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")
OPEN = "auth.allow_unauthenticated: true"
_REACHED = "can be reached from other machines"
_ANYBODY = "anybody there could raise alarms"
_CREDENTIALS = "token, basic or hmac, or allow_unauthenticated: true"


def addresses(settings: Settings) -> Iterator[Problem]:
    """The doors' addresses can be read."""
    for name, read in (("http", http_door), ("zmq", zmq_door)):
        text = getattr(settings.listen, name)
        try:
            read(text)
        except ValueError as error:
            yield ("listen", name), f"{quoted(text)} {error}"


def keys(settings: Settings) -> Iterator[Problem]:
    """Keys are of the right form, and a name stands for one key only."""
    tokens = [(token.name, token.token.reveal()) for token in settings.auth.tokens]
    for i, (name, token) in enumerate(tokens):
        if name in [other for other, _ in tokens[:i]]:
            yield ("auth", "tokens", f"[{i}]", "name"), f"{quoted(name)} stands twice; each token has its own name"
        if token in [other for _, other in tokens[:i]]:
            yield ("auth", "tokens", f"[{i}]", "token"), "the same token stands twice; each has its own"
    curve = settings.auth.curve
    if curve is None:
        return
    if not _Z85_KEY.fullmatch(curve.secret_key.reveal()):
        yield ("auth", "curve", "secret_key"), "is not a key: 40 characters of Z85, as `tocsinctl keygen` prints"
    for i, client in enumerate(curve.clients):
        path = ("auth", "curve", "clients", f"[{i}]")
        if not _Z85_KEY.fullmatch(client.public):
            yield (*path, "public"), "is not a key: 40 characters of Z85, as `tocsinctl keygen` prints"
        if client.public in [other.public for other in curve.clients[:i]]:
            yield (*path, "public"), "the same key stands twice; each client has its own"
        if client.name in [other.name for other in curve.clients[:i]]:
            yield (*path, "name"), f"{quoted(client.name)} stands twice; each client has its own name"


def sources(settings: Settings) -> Iterator[Problem]:
    """Credentials that could never be presented."""
    for name, source in settings.sources.items():
        if source.basic and ":" in source.basic.user:
            yield ("sources", name, "basic", "user"), "HTTP basic has no way to send a user name with a colon"


def beyond_loopback(settings: Settings) -> Iterator[Problem]:
    """A door that others can reach has a lock, or the configuration says in so many words that it has none."""
    http, zmq = _door(http_door, settings.listen.http), _door(zmq_door, settings.listen.zmq)
    if http and not http.is_local:
        where = f"{quoted(settings.listen.http)} {_REACHED}"
        yield from _missing(
            settings,
            f"{where}, and no token is set: write auth.tokens: "
            '[{name: ops, token: "${TOCSIN_TOKEN}", may: [read]}], '
            f"listen on 127.0.0.1:8420, or write {OPEN}",
            f"listen.http {where}, and {_ANYBODY}: write {_CREDENTIALS}",
        )
    curve = settings.auth.curve
    if zmq and not zmq.is_local and not (curve and curve.clients) and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{quoted(settings.listen.zmq)} {_REACHED}, and no client key is set: write "
            "auth.curve with secret_key and clients (`tocsinctl keygen` makes keys), listen on "
            f"tcp://127.0.0.1:8421, or write {OPEN}"
        )
        yield ("listen", "zmq"), sentence


def still_open(settings: Settings, opened: Opened) -> Iterator[Problem]:
    """The same for the doors that a running daemon has open: none of them loses the lock that it needs where it is.

    A new address, or a new lock of the ZeroMQ door, is in force after a restart only. What `beyond_loopback`
    has to say about the same setting is not said twice.
    """
    said = {about for about, _ in beyond_loopback(settings)}
    yield from (problem for problem in _unlocked(settings, opened) if problem[0] not in said)


def _unlocked(settings: Settings, opened: Opened) -> Iterator[Problem]:
    http, zmq = _door(http_door, opened.http), _door(zmq_door, opened.zmq)
    if http and not http.is_local:
        where = f"the door is still open at {quoted(opened.http)} until a restart and {_REACHED}"
        yield from _missing(
            settings,
            f"{where}, and no token is set: restart tocsin, or until then keep auth.tokens or write {OPEN}",
            f"{where}, and {_ANYBODY}: restart tocsin, or until then keep {_CREDENTIALS}",
        )
    if zmq and not zmq.is_local and not opened.zmq_has_curve and not settings.auth.allow_unauthenticated:
        sentence = (
            f"the door is still open at {quoted(opened.zmq)}, without CURVE, until a restart and {_REACHED}: "
            f"restart tocsin, or until then write {OPEN}"
        )
        yield ("listen", "zmq"), sentence


def one_door_only(settings: Settings, opened: Opened) -> Iterator[Problem]:
    """Tokens that leave the other door open: what they may not do, everybody on this machine may do there."""
    everything = "everybody on this machine may do everything"
    zmq, still = _door(zmq_door, settings.listen.zmq), _door(zmq_door, opened.zmq)
    if not settings.auth.tokens:
        return
    if not settings.auth.curve and zmq and zmq.is_local:
        sentence = (
            f"lock the HTTP door only: over {quoted(settings.listen.zmq)} {everything}; "
            "set auth.curve, or listen.zmq: ipc:///run/tocsin/ipc/control, which only tocsin's user and group reach"
        )
        yield ("auth", "tokens"), sentence
    elif not opened.zmq_has_curve and still and still.is_local:
        yield ("auth", "tokens"), f"lock the HTTP door only: until a restart, over {quoted(opened.zmq)} {everything}"


def _missing(settings: Settings, no_token: str, no_credentials: str) -> Iterator[Problem]:
    """What an HTTP door needs that others can reach, and the sentences where it is not there."""
    if not settings.auth.tokens and not settings.auth.allow_unauthenticated:
        yield ("listen", "http"), no_token
    for name, source in settings.sources.items():
        if not _has_credentials(source) and not source.allow_unauthenticated:
            yield ("sources", name), no_credentials


def _has_credentials(source: Source) -> bool:
    return bool(source.token or source.basic or source.hmac or source.handler.admit)


def _door(read: Callable[[str], Door | None], text: str) -> Door | None:
    try:
        return read(text)
    except ValueError:  # `addresses` has said so
        return None
