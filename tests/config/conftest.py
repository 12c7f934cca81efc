"""A catalog with one of everything, and a way to load a text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from daemon.config.load import Loaded, load
from daemon.errors import ConfigError
from daemon.event import Event
from daemon.hook import Hook
from daemon.notice import Acceptance, Message
from daemon.probes.base import Health, Probe, Reading
from daemon.registry import Catalog, Handler
from daemon.secret import Secret
from daemon.senders.base import Sender
from daemon.template import Template
from fake_clock import BEGIN, FakeClock


@dataclass(frozen=True, kw_only=True)
class Room(Sender):
    def send(self, message: Message) -> Acceptance:
        del message
        return Acceptance()


@dataclass(frozen=True, kw_only=True)
class Sms(Room):
    address: ClassVar[str] = "phone"

    key: Secret
    url: str = "https://sms.example.com"
    params: dict[str, Template] = field(default_factory=dict)
    headers: dict[str, Secret] = field(default_factory=dict)
    extra: Any = None

    def __post_init__(self) -> None:
        if not self.url.startswith("https://"):
            raise ValueError(f"{self.url} is not an https address")


@dataclass(frozen=True, kw_only=True)
class Touch(Probe):
    host: str
    port: int = field(default=80, metadata={"least": 1, "most": 65_535})

    def look(self) -> Reading:
        return Reading(health=Health.UP, detail="")

    def target(self) -> str:
        return self.host


@dataclass(frozen=True, kw_only=True)
class Options:
    path: str
    words: tuple[str, ...] = ()


def hears(hook: Hook) -> list[Event]:
    del hook
    return []


CATALOG = Catalog(
    handlers={
        "plain": Handler(name="plain", handle=hears, samples={}),
        "mapped": Handler(name="mapped", handle=hears, samples={}, options=Options),
    },
    senders={"room": Room, "sms": Sms},
    probes={"touch": Touch},
    problems=[],
)

Load = Callable[..., Loaded]


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a text as `tocsin.yml`, in a folder of its own that is the working directory."""
    monkeypatch.chdir(tmp_path)

    def load_it(
        text: str | bytes, catalog: Catalog = CATALOG, mode: int = 0o600, now: float = BEGIN, **environ: str
    ) -> Loaded:
        file = Path("tocsin.yml")
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        return load(file, lambda _: catalog, environ, clock=FakeClock(now))

    return load_it


@pytest.fixture
def problems_of(load_text: Load) -> Callable[..., list[str]]:
    """What is wrong with a text."""

    def problems(text: str | bytes, **more: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load_text(text, **more)
        return caught.value.problems

    return problems
