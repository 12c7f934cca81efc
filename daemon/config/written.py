"""What the rules between settings are told, and what they tell."""

from dataclasses import dataclass

from daemon.config.findings import Path

Problem = tuple[Path, str]


@dataclass(frozen=True, kw_only=True)
class Written:
    """The names that stand in the file, those among them whose settings have problems of their own."""

    receivers: frozenset[str]
    channels: frozenset[str]
    people: frozenset[str]
    teams: frozenset[str]
    schedules: frozenset[str]
    time_intervals: frozenset[str]
