"""Which alarms are not told while others fire (prometheus/alertmanager inhibit/inhibit.go, docs "inhibit_rule")."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from daemon.alert import Alert
from daemon.alerting.index import Index
from daemon.config.audience import InhibitRule
from daemon.event import State
from daemon.matcher import Matcher
from daemon.store import inhibitors
from daemon.store.base import Tx

_encode = msgspec.json.Encoder(order="deterministic").encode


def _written(matchers: Sequence[Matcher]) -> str:
    return ",".join(sorted(map(str, matchers)))


@dataclass(frozen=True, kw_only=True)
class _Rule:
    key: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    only_begins: bool = False  # the end of what was told is told all the same


class Inhibition:
    """All rules, indexed by what they match."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._rules = rules
        self._by_key = {rule.key: rule for rule in rules}
        self._sources = Index([rule.source for rule in rules])

    @property
    def keys(self) -> list[str]:
        """What the store's index of sources depends on."""
        return [rule.key for rule in self._rules]

    def begins(self, tx: Tx, alert: Alert) -> bool:
        """An alert is open: note what it mutes. Says whether it mutes anything."""
        found = list(self._sources.matching(alert.labels))
        for position in found:
            rule = self._rules[position]
            both = _all_match(rule.target, alert.labels)
            inhibitors.put(tx, _values(rule.equal, alert.labels), rule.key, alert.id, both=both)
        return bool(found)

    def ends(self, tx: Tx, alert: Alert) -> None:
        """It is over, or its labels have changed: it mutes nobody."""
        if self._rules:
            inhibitors.drop(tx, alert.id)

    def live(self, tx: Tx) -> set[tuple[str, ...]]:
        """The sets of `equal` labels by which anything can be muted now."""
        found = (self._by_key.get(key) for key in inhibitors.live(tx)) if self._by_key else ()
        return {rule.equal for rule in found if rule is not None}

    def muting(self, tx: Tx, alert: Alert, live: Collection[tuple[str, ...]]) -> tuple[int, str] | None:
        """The open alert that mutes this one, by rules with one of the `live` sets of labels, and the rule; else None.

        Who has the same values is asked first: mostly nobody has, and then no matcher is looked at.
        """
        for equal in live:
            for key, (anyone, one_sided) in inhibitors.at(tx, _values(equal, alert.labels)).items():
                rule = self._by_key.get(key)
                if rule is None or not _all_match(rule.target, alert.labels):
                    continue
                if rule.only_begins and alert.state is State.RESOLVED:
                    continue
                # Two that match both sides do not mute each other, nor does one of them itself.
                source = one_sided if _all_match(rule.source, alert.labels) else anyone
                if source is not None:
                    return source, rule.key
        return None


def compiled(rules: Sequence[InhibitRule], only_begins: Sequence[InhibitRule] = ()) -> Inhibition:
    """Name each rule by what it says, so that one that has moved in the file is still the same."""
    return Inhibition(
        [
            *(_rule(one, only_begins=False) for one in rules),
            *(_rule(one, only_begins=True) for one in only_begins),
        ]
    )


def _rule(one: InhibitRule, *, only_begins: bool) -> _Rule:
    return _Rule(
        key=f"{_written(one.source_matchers)} => {_written(one.target_matchers)} ({','.join(one.equal)})",
        source=one.source_matchers,
        target=one.target_matchers,
        equal=one.equal,
        only_begins=only_begins,
    )


def _values(equal: Sequence[str], labels: Mapping[str, str]) -> str:
    """The labels that must be equal, with their values; one that is missing counts as empty."""
    return _encode({name: labels.get(name, "") for name in equal}).decode()


def _all_match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)
