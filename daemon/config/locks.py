"""Who gets in: keys and tokens that are sound, and no door beyond this machine without a lock."""

import re
from collections.abc import Callable, Iterator

from daemon.config.check import Problem
from daemon.config.doors import Door, http_door, zmq_door
from daemon.config.findings import quoted
from daemon.config.settings import Settings, Source

_Z85_KEY = re.compile(r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")
OPEN = "auth.allow_unauthenticated: true"


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
        yield from _http_locks(settings)
    curve = settings.auth.curve
    if zmq and not zmq.is_local and not (curve and curve.clients) and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{quoted(settings.listen.zmq)} can be reached from other machines, and no client key is set: write "
            "auth.curve with secret_key and clients (`tocsinctl keygen` makes keys), listen on "
            f"tcp://127.0.0.1:8421, or write {OPEN}"
        )
        yield ("listen", "zmq"), sentence


def one_door_only(settings: Settings) -> Iterator[Problem]:
    """Tokens that leave the other door open: what they may not do, everybody on this machine may do there."""
    zmq = _door(zmq_door, settings.listen.zmq)
    if settings.auth.tokens and not settings.auth.curve and zmq and zmq.is_local:
        sentence = (
            f"lock the HTTP door only: over {quoted(settings.listen.zmq)} everybody on this machine may do everything; "
            "set auth.curve, or listen.zmq: ipc:///run/tocsin/ipc/control, which only tocsin's user and group reach"
        )
        yield ("auth", "tokens"), sentence


def _http_locks(settings: Settings) -> Iterator[Problem]:
    where = f"{quoted(settings.listen.http)} can be reached from other machines"
    if not settings.auth.tokens and not settings.auth.allow_unauthenticated:
        sentence = (
            f"{where}, and no token is set: write auth.tokens: "
            '[{name: ops, token: "${TOCSIN_TOKEN}", may: [read]}], '
            f"listen on 127.0.0.1:8420, or write {OPEN}"
        )
        yield ("listen", "http"), sentence
    for name, source in settings.sources.items():
        if not _has_credentials(source) and not source.allow_unauthenticated:
            sentence = (
                f"listen.http {where}, and anybody there could raise alarms: write token, basic or hmac, or "
                "allow_unauthenticated: true"
            )
            yield ("sources", name), sentence


def _has_credentials(source: Source) -> bool:
    return bool(source.token or source.basic or source.hmac)


def _door(read: Callable[[str], Door | None], text: str) -> Door | None:
    try:
        return read(text)
    except ValueError:  # `addresses` has said so
        return None
