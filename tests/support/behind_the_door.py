"""What an HTTP door needs behind it: a daemon whose parts a test sets, and an intake that fails as told."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.config.settings import Settings, Source
from daemon.errors import OutsideError
from daemon.hook import Hook
from daemon.listener.exchange import Answer, Request, refused
from daemon.listener.parts import Parts
from daemon.listener.web import Web
from daemon.methods.table import Caller
from daemon.reading import Sign
from daemon.sentry.gate import Gate
from daemon.store.quarantine import Kind
from daemon.web.apps.board import Pages
from daemon.web.board import Board
from fake_clock import FakeClock


class Elsewhere:
    """The servers outside: bodies by URL, or the error that a question raises; remembers what was asked."""

    def __init__(self, answers: Mapping[str, bytes | Exception] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[str] = []

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.answers.get(url, OutsideError(f"nobody answers at {url}"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    kept = get


@dataclass
class Daemon:
    """Everything the door needs, each part to be set by the test."""

    settings: Settings
    clock: FakeClock
    intake: object
    asked: list[tuple[bytes, Caller]] = field(default_factory=list)
    said: bytes | None = b'{"jsonrpc":"2.0","id":1,"result":"pong"}'
    why_not: str = ""
    problems: list[str] = field(default_factory=list)
    reloads: int = 0
    patience: float = 120.0
    works: Callable[[], None] = lambda: None
    acks: object = None
    hear: object = None
    signs: list[tuple[str, Sign]] = field(default_factory=list)
    refuses: Exception | None = None
    calls: Callable[[str, Mapping[str, Any], Caller], Any] = lambda _method, _params, _caller: None
    board: Board | None = None
    sentry: Gate | None = None
    pages: Pages | None = None
    outside: Elsewhere = field(default_factory=Elsewhere)

    def rpc(self, body: bytes, caller: Caller) -> bytes | None:
        self.asked.append((body, caller))
        self.works()
        return self.said

    def reload(self) -> list[str]:
        self.reloads += 1
        return self.problems

    def sign(self, name: str, sign: Sign) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.signs.append((name, sign))

    def web(self) -> Web:
        return Web(self.parts())

    def parts(self) -> Parts:
        return Parts(
            settings=lambda: self.settings,
            clock=self.clock,
            intake=self.intake,  # type: ignore[arg-type]
            acks=self.acks,  # type: ignore[arg-type]
            rpc=self.rpc,
            call=self.calls,
            hear=self.hear,  # type: ignore[arg-type]
            sign=self.sign,
            ready=lambda: self.why_not,
            reload=self.reload,
            api=echo,
            outside=self.outside,
            board=self.board,
            pages=self.pages,
            sentry=self.sentry,
            patience=self.patience,
        )


class Failing:
    """An intake that raises what it is told to."""

    def __init__(self, take: Exception | None = None, refuse: Exception | None = None) -> None:
        self.raises = take
        self.refuse_raises = refuse
        self.refused: list[tuple[Hook, Kind, str]] = []

    def take(self, _source: Source, _hook: Hook) -> list[object]:
        if self.raises:
            raise self.raises
        return []

    def refuse(self, hook: Hook, kind: Kind, reason: str, remote: str, *, unread: int = 0) -> str:
        del unread
        if self.refuse_raises:
            raise self.refuse_raises
        assert remote == "127.0.0.1"
        self.refused.append((hook, kind, reason))
        return "Q7"


def echo(asked: Request) -> Answer:
    if asked.refusal:
        return refused(asked.refusal)
    return Answer(body=f"{asked.method} {asked.path} ".encode() + asked.body, content_type="text/plain")


class Gate:
    """An application that works until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, asked: Request) -> Answer:
        self.entered.set()
        assert self.go.wait(4)
        return echo(asked)
