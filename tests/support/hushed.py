"""Stories about what mutes: one group a team, Alertmanager's intervals, and silences as operators make them."""

from typing import Any

from daemon.alerting import gather, silencing
from daemon.alerting.rules import Rules
from daemon.alerting.silencing import Wanted
from daemon.config.audience import InhibitRule, Receiver, Route
from daemon.config.settings import Settings
from daemon.config.silences import Silences
from daemon.event import OWN
from daemon.matcher import Matcher, parse
from daemon.store import alerts, inhibitors, silences
from daemon.store.base import Tx
from daemon.store.silences import Hidden, Silence
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN
from hearing import Hearing

WEB = 'team="web"'
HOUR = 3_600.0


def settings(
    *rules: InhibitRule, warn_before: float = 900, group_by: tuple[str, ...] = ("team",), **more: Any
) -> Settings:
    """`ops` hears of everything but tocsin's own alarms, of which `admins` hear at once."""
    own = Route(
        receiver="admins",
        matchers=(Matcher("source", "=", OWN),),
        group_by=("silence",),
        group_wait=Seconds(0),
        group_interval=Seconds(0),
    )
    root: dict[str, Any] = {
        "group_by": group_by,
        "group_wait": Seconds(30),
        "group_interval": Seconds(300),
        "repeat_interval": Seconds(7 * 86_400),
    }
    return Settings(
        receivers={name: Receiver(name=name) for name in ("ops", "admins")},
        route=Route(receiver="ops", routes=(own,), **(root | more)),
        inhibit_rules=rules,
        silences=Silences(warn_before=Seconds(warn_before)),
    )


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    return InhibitRule(source_matchers=parse(source), target_matchers=parse(target), equal=equal)


class Hushed(Hearing):
    """Times are seconds since the beginning."""

    def __init__(self, store: SqliteStore, given: Settings | None = None) -> None:
        super().__init__(store, given or settings())

    def web(self, *keys: str, **labels: str) -> None:
        self.fires(*keys, labels={"team": "web"} | labels)

    def hush(self, *matchers: str, start: float | None = None, end: float | None = None, **more: Any) -> Silence:
        wanted = Wanted(
            matchers=list(matchers) or [WEB],
            starts_at=None if start is None else BEGIN + start,
            ends_at=None if end is None else BEGIN + end,
            **{"author": "lin"} | more,
        )
        now = self.now
        return self.store.write(lambda tx: silencing.put(tx, wanted, now))

    def expire(self, silence: Silence, by: str = "wang") -> Silence:
        now = self.now
        return self.store.write(lambda tx: silencing.expire(tx, silence, now, by))

    def reload(self, given: Settings) -> None:
        """Another configuration comes into force, as the agenda has it done."""
        self.rules = rules = Rules(given)
        now = self.now

        def anew(tx: Tx) -> None:
            for alert in alerts.all_open(tx, 0, 1_000):
                gather.regathered(tx, alert, rules, now)
            inhibitors.keep_only(tx, rules.inhibition.keys)
            gather.note_current(tx, rules)

        self.store.write(anew)

    def restarted(self) -> "Hushed":
        """The process dies and comes back: only the file is left."""
        path, now = self.store.path, self.now
        self.store.close()
        again = Hushed(SqliteStore(path), self.rules.settings)
        again.now = now
        return again

    def told(self, receiver: str = "ops") -> list[tuple[float, str, str, str]]:
        """When, why, what fires and what is over."""
        return [
            (one.at, one.reason.value, " ".join(one.firing), " ".join(one.resolved))
            for one in self.said()
            if one.receiver == receiver
        ]

    def known(self, silence: Silence) -> Silence:
        found = self.store.read(lambda tx: silences.get(tx, silence.id))
        assert found is not None
        return found

    def hidden(self, silence: Silence) -> tuple[Hidden, list[int]]:
        return self.store.read(
            lambda tx: (silences.hidden_by(tx, silence.id), silences.hidden_alerts(tx, silence.id, 100))
        )

    def muted(self, alert_id: int) -> list[tuple[float, str, str]]:
        """Everything that muted an alert or ceased to, by its trace."""
        traces = self.store.read(lambda tx: alerts.traces(tx, alert_id))
        return [
            (trace.at - BEGIN, step.verdict, step.detail)
            for trace in traces
            for step in trace.steps
            if step.stage == "mute"
        ]
