"""Does a PostgreSQL server take connections on this port?"""

import struct
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, CERTIFICATE, HalfWell, Spoken, Talk, looked, quoted
from daemon.probes.network.host import HIGHEST_PORT
from daemon.probes.network.starttls import Protocol

MOST_MESSAGE = 8 * 1024  # bytes of one message before somebody has logged in
MOST_MESSAGES = 100

_PROTOCOL = 3 << 16
_METHODS = {0: "trust", 2: "kerberos", 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "scram-sha-256"}
_TOO_MANY = "53300"
# It knows no such user, database or right: so it is there and has looked for them. By class or whole code.
_SERVES = ("28", "3D000", "42501")
_GOODBYE = b"X\0\0\0\x04"


@probe("postgres")
@dataclass(frozen=True, kw_only=True)
class Postgres(Spoken):
    """Begin a session up to where the server asks for a password; it needs none to tell that it serves."""

    PHASES: ClassVar = ("resolve", "connect", "starttls", "tls", "first_byte", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        **CERTIFICATE,
        "auth": Fact("how the server wants the user to log in: `scram-sha-256`, `md5`, `trust`, …", "text"),
        "sqlstate": Fact("the code of the server's no, such as `57P03`", "text"),
        "version": Fact("the server's version, where the user may come in without a password", "text"),
    }

    port: int = field(default=5432, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    user: str = field(default="postgres", metadata={"doc": "the user to begin a session as; no password is sent"})
    database: str = field(default="", metadata={"doc": "the database; empty for the one that is called as the user"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        if not self.user:
            raise ValueError("user is empty; write for example postgres")
        if "\0" in self.user + self.database:
            raise ValueError("user and database hold no zero bytes")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        with self.reached(watch) as sock:
            talk = Talk(sock, watch)
            talk.say(self._startup())
            watch.doing = "answer to the start of a session"
            said = ""
            for _ in range(MOST_MESSAGES):
                kind, body = _message(talk)
                if kind == b"E":
                    return _weighed(_fields(body), watch)
                if kind == b"Z":  # ready for a query, of which we have none
                    with suppress(OSError):
                        talk.say(_GOODBYE)
                    return said
                if kind == b"S":
                    _parameter(watch, body)
                if kind == b"R":
                    said = _asked(talk, watch, body)
                    if watch.values["auth"] != "trust":
                        # Who hangs up here is not worth a line in the server's log.
                        return said
            raise Missed(f"it says {MOST_MESSAGES} messages without coming to the point")

    def before_tls(self) -> Protocol | None:
        """Its own, where TLS is wanted."""
        return "postgres" if self.tls else None

    def _startup(self) -> bytes:
        said = {"user": self.user, "database": self.database, "application_name": "tocsin"}
        words = b"".join(f"{name}\0{value}\0".encode() for name, value in said.items() if value) + b"\0"
        return struct.pack(">II", len(words) + 8, _PROTOCOL) + words


def _message(talk: Talk) -> tuple[bytes, bytes]:
    """One message: its letter and its content."""
    kind, size = struct.unpack(">cI", talk.take(5))
    if kind not in b"ENRSKZv" or not 4 <= size <= MOST_MESSAGE:  # noqa: PLR2004 - the length counts itself
        raise Missed(f"it does not speak as PostgreSQL does: {talk.quoted()}")
    return kind, talk.take(size - 4)


def _asked(talk: Talk, watch: Watch, body: bytes) -> str:
    """Read how the server wants to know who is there."""
    if int.from_bytes(body[:4], "big") not in _METHODS or len(body) < 4:  # noqa: PLR2004
        raise Missed(f"it does not speak as PostgreSQL does: {talk.quoted()}")
    code = int.from_bytes(body[:4], "big")
    watch.values["auth"] = watch.evidence["auth"] = _METHODS[code]
    return "takes connections" if code == 0 else f"takes connections, and asks for {_METHODS[code]}"


def _parameter(watch: Watch, body: bytes) -> None:
    name, _, value = body.rstrip(b"\0").partition(b"\0")
    if name == b"server_version":
        watch.values["version"] = watch.evidence["version"] = quoted(value.decode("utf-8", "replace"))


def _fields(body: bytes) -> dict[str, str]:
    """The fields of an error, by their letters."""
    return {part[:1].decode("latin-1"): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}


def _weighed(error: dict[str, str], watch: Watch) -> str:
    """Weigh a no: some are proof enough that it serves."""
    state, words = quoted(error.get("C", "")), quoted(error.get("M", ""))
    watch.values["sqlstate"] = state
    watch.evidence["answer"] = f"{words} ({state})"
    if state.startswith(_SERVES):
        return f"takes connections: {words}"
    if state != _TOO_MANY:
        raise Missed(f"{words} ({state})")
    raise HalfWell(f"{words} ({state})")
