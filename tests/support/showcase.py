"""A company's services as a status page shows them: ninety days with everything that happens in ninety days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.clock import Clock
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.config.statuspage import Shown, StatusPage
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.history.stretches import Time
from daemon.matcher import parse
from daemon.probes.base import Probe, Reading
from daemon.reading import Health
from daemon.store.base import Store
from daemon.units import Seconds
from daemon.web.board import Board
from past import Past, write

DAY, HOUR, MINUTE = 86_400.0, 3_600.0, 60.0
CANARY = "canary-6b1f"  # in everything of a probe that nobody may see
WEB = (("resolve", 0.003), ("connect", 0.012), ("tls", 0.021), ("first_byte", 0.085), ("download", 0.014))
PORT = (("resolve", 0.001), ("connect", 0.004))


@dataclass(frozen=True, kw_only=True)
class Web(Probe):
    """A probe that says where it looks to whoever asks."""

    PHASES: ClassVar[tuple[str, ...]] = (*(name for name, _ in WEB), "total")

    url: str = f"https://{CANARY}:{CANARY}@shop.internal/{CANARY}"

    def look(self) -> Reading:
        raise AssertionError

    def target(self) -> str:
        return self.url


def plan(name: str, **labels: str) -> ProbePlan:
    return ProbePlan(name=name, type="web", probe=Web(), every=Seconds(60), labels={"secret": CANARY, **labels})


def spans(now: float, *told: tuple[float, float, Time]) -> tuple[tuple[float, float, Time], ...]:
    """Days before now, minutes, and what it was."""
    return tuple(
        (now - days * DAY, now - days * DAY + minutes * MINUTE, time)
        for days, minutes, time in sorted(told, reverse=True)
    )


def pasts(now: float) -> list[Past]:
    """Nine services, each with a life of its own: days ago, minutes, what it was."""
    old = now - 400 * DAY
    down, degraded, unknown = Time.DOWN, Time.DEGRADED, Time.UNKNOWN
    blind = (38.2, 95, unknown)  # tocsin itself was cut off
    maintained = [(now - days * DAY, now - days * DAY + 2 * HOUR) for days in (75.25, 47.25, 19.25)]
    lives: list[tuple[str, tuple[tuple[str, float], ...], list[tuple[float, float, Time]]]] = [
        ("shop-front", WEB, [blind, (61.4, 13, down), (12.6, 42, degraded)]),
        ("checkout", WEB, [blind, (80.1, 22, down), (61.39, 31, down), (33.7, 180, degraded), (6.3, 7, down)]),
        ("search", WEB, [blind, (25.2, 410, degraded), (24.9, 18, down)]),
        ("sign-in", WEB, [blind]),
        ("mail", PORT, [(55.5, 1_900, down), (54.1, 300, degraded), (9.1, 4, down)]),
        ("reports", WEB, [blind]),
        ("db-primary", PORT, [(47.2, 40, down)]),
        ("db-replica", PORT, [(0.031, 5_000, down)]),
        ("queue", PORT, [(70.2, 3, down), (44.0, 6, down), (2.1, 11, down)]),
    ]
    now_bad = {"checkout": [(0.062, 5_000, degraded)]}
    windows = {"mail": maintained, "db-primary": maintained, "reports": [(now - 1.1 * HOUR, now + HOUR)]}
    return [
        Past(
            name=name,
            begun=now - 23.4 * DAY if name == "db-replica" else old,
            phases=phases,
            windows=windows.get(name, ()),
            spells=spans(now, *told, *now_bad.get(name, ())),
        )
        for name, phases, told in lives
    ]


STATES = {
    "checkout": Health.DEGRADED,
    "db-replica": Health.DOWN,
}


def settings(**more: object) -> Settings:
    """Three groups; two probes that no group shows."""
    groups = {
        "Shop": Shown(name="Shop", probes=("shop-front", "checkout", "search", "sign-in")),
        "Office": Shown(name="Office", matchers=parse('team="office"')),
        "Machinery": Shown(name="Machinery", matchers=parse('team="core"')),
    }
    of = {"mail": "office", "reports": "office", "db-primary": "core", "db-replica": "core", "queue": "core"}
    names = ("shop-front", "checkout", "search", "sign-in", "mail", "reports", "db-primary", "db-replica", "queue")
    plans = {name: plan(name, team=of.get(name, "shop")) for name in names} | {
        name: plan(name, team="hidden") for name in ("vault-hidden", "backup-hidden")
    }
    defaults: dict[str, object] = {
        "public": True,
        "title": "Example Trading",
        "groups": groups,
        "names": {"shop-front": "Shop front", "sign-in": "Sign-in", "mail": "Mail", "reports": "Reports"},
    }
    page = StatusPage(**(defaults | more))  # type: ignore[arg-type]
    return Settings(probes=plans, status_page=page)


@dataclass
class Showcase:
    """A board over a store, with settings and states that a test may change."""

    store: Store
    clock: Clock
    settings: Settings = field(default_factory=settings)
    states: dict[str, Health] = field(default_factory=lambda: dict(STATES))

    def __post_init__(self) -> None:
        recorder = Recorder(self.store, self.clock, lambda: self.settings)
        self.history = History(self.store, self.clock, lambda: self.settings, recorder)
        self.board = Board(self.history, self.clock, lambda: self.settings, self.now, lambda work: work())

    def now(self) -> Mapping[str, Health]:
        return {name: self.states.get(name, Health.UP) for name in self.settings.probes}

    def fill(self, made: Callable[[float], list[Past]] = pasts) -> None:
        hidden = [
            Past(
                name=name,
                begun=0.0,
                reason=CANARY,
                spells=((self.clock.now() - 600, self.clock.now() + 600, Time.DOWN),),
            )
            for name in ("vault-hidden", "backup-hidden")
        ]
        write(self.store, [*made(self.clock.now()), *hidden], self.clock.now())
