"""Does a Redis server, or one that speaks like it, answer PING?"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Missed, Watch
from daemon.probes.network.dialogue import ADDRESS, CERTIFICATE, HalfWell, Spoken, Talk, looked, quoted
from daemon.probes.network.host import HIGHEST_PORT
from daemon.probes.network.resp import command
from daemon.secret import Secret

MOST_HEARD = 64 * 1024  # bytes; an INFO with many databases has some ten thousand

# What begins a no that says: it works, and not for everybody or everything.
_HALF_WELL = ("MISCONF", "ERR max number of clients")
_NUMBERS = {"connected_clients": "redis.clients", "used_memory": "redis.memory", "connected_slaves": "redis.replicas"}
_TEXTS = {"redis_version": "redis.version", "role": "redis.role", "master_link_status": "redis.link"}
_ROLES = {"slave": "replica"}
_NUMBER = re.compile(r"[0-9]{1,18}")


class SaidNo(Exception):
    """The server's no to a command."""


@probe("redis")
@dataclass(frozen=True, kw_only=True)
class Redis(Spoken):
    """Log in where a password is given, send PING, and ask INFO where that is wanted."""

    PHASES: ClassVar = ("resolve", "connect", "tls", "first_byte", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        **CERTIFICATE,
        "redis.error": Fact("the word with which the server's no begins, such as `LOADING`", "text"),
        "redis.role": Fact("`master` or `replica`; this and the following with `info: true`", "text"),
        "redis.link": Fact("of a replica: `up` or `down`, whether it hears its master", "text", ideal="up"),
        "redis.replicas": Fact("how many replicas are connected"),
        "redis.clients": Fact("how many clients are connected"),
        "redis.memory": Fact("memory used by the data", "bytes"),
        "redis.version": Fact("the server's version", "text"),
    }

    port: int = field(default=6379, metadata={"doc": "port number", "least": 1, "most": HIGHEST_PORT})
    user: str = field(default="", metadata={"doc": "the user to log in as (Redis 6); empty for the default user"})
    password: Secret | None = field(default=None, metadata={"doc": "the password"})
    info: bool = field(default=False, metadata={"doc": "whether to ask INFO as well, for the values `redis.…`"})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        if self.user and not self.password:
            raise ValueError("user is given without a password; Redis has no login without one")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        password = self.password.reveal() if self.password else ""
        with self.reached(watch) as sock:
            talk = Talk(sock, watch, MOST_HEARD, secrets=[password])
            try:
                if password:
                    watch.doing = "answer to AUTH"
                    _expected(talk, b"+OK", b"AUTH", *([self.user.encode()] if self.user else []), password.encode())
                watch.doing = "answer to PING"
                _expected(talk, b"+PONG", b"PING")
            except SaidNo as no:
                return _weighed(str(no), watch)
            if self.info:
                self._informed(talk, watch)
        return "PONG" + (f" of a {watch.values['redis.role']}" if "redis.role" in watch.values else "")

    def _informed(self, talk: Talk, watch: Watch) -> None:
        """Ask for what the server tells about itself."""
        watch.doing = "answer to INFO"
        talk.say(command(b"INFO"))
        line = talk.line()
        if line.startswith(b"-"):
            raise HalfWell(f"PONG, but INFO is refused: {talk.quoted(line[1:])}")
        size = line[1:]
        if not line.startswith(b"$") or not size.isdigit() or len(size) > 6:  # noqa: PLR2004 - a megabyte is no INFO
            raise Missed(f"it answers INFO with: {talk.quoted(line)}")
        for told in talk.take(int(size) + 2).decode("utf-8", "replace").splitlines():
            name, _, value = told.partition(":")
            if name in _NUMBERS and _NUMBER.fullmatch(value):
                watch.values[_NUMBERS[name]] = int(value)
            elif name in _TEXTS and value:
                watch.values[_TEXTS[name]] = quoted(_ROLES.get(value, value))
        facts = {name: value for name, value in watch.values.items() if name.startswith("redis.")}
        watch.evidence["info"] = ", ".join(f"{name.removeprefix('redis.')} {value}" for name, value in facts.items())


def _expected(talk: Talk, wanted: bytes, *words: bytes) -> None:
    """Send a command, and hear the answer that it must have."""
    talk.say(command(*words))
    line = talk.line()
    if line.startswith(b"-"):
        raise SaidNo(talk.quoted(line[1:]))
    if line != wanted:
        raise Missed(f"it does not speak as Redis does: {talk.quoted(line)}")


def _weighed(no: str, watch: Watch) -> str:
    """Weigh a no: some are only half of one."""
    watch.values["redis.error"] = no.partition(" ")[0]
    watch.evidence["answer"] = no
    if not no.startswith(_HALF_WELL):
        raise Missed(no)
    raise HalfWell(no)
