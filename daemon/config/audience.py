"""Who hears of what: people, receivers, the route tree, and what keeps an alarm from them."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.matcher import Matcher
from daemon.template.words import Lang
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone who can be told, and where."""

    name: str
    phone: str = field(default="", metadata=doc("telephone number, with +country code"))
    email: str = field(default="", metadata=doc("mail address"))
    wecom: str = field(default="", metadata=doc("user id in WeCom"))
    dingtalk: str = field(default="", metadata=doc("user id in DingTalk"))
    feishu: str = field(default="", metadata=doc("open id or user id in Feishu (Lark)"))
    slack: str = field(default="", metadata=doc("member id in Slack, such as U024BE7LH"))
    telegram: str = field(default="", metadata=doc("chat id in Telegram, or @name"))
    lang: Lang | None = field(default=None, metadata=doc("language of the texts; `texts.lang` when it is not said"))


WHOM = "people, `team:<name>` and `schedule:<name>`; empty for channels that are a room"


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One line of a receiver's `notify`: these people by these channels, tried in this order."""

    by: tuple[str, ...] = field(metadata=doc("channels in fail-over order"))
    to: tuple[str, ...] = field(default=(), metadata=doc(WHOM))
    send_resolved: bool = field(default=True, metadata=doc("also tell that it is over"))


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """One step of what follows when nobody acknowledges: after so long, these people by these channels."""

    after: Seconds = field(metadata=doc("time since the alarm was first told", least=1))
    by: tuple[str, ...] = field(metadata=doc("channels in fail-over order"))
    to: tuple[str, ...] = field(default=(), metadata=doc(WHOM))


@dataclass(frozen=True, kw_only=True)
class Storm:
    """When a receiver hears of too much: from then on one digest instead of many notices; critical ones go at once."""

    above: int = field(metadata=doc("notices within that time that are still told one by one", least=1, most=10_000))
    within: Seconds = field(default=Seconds(60.0), metadata=doc("the time in which they are counted", least=1))
    digest_every: Seconds = field(default=Seconds(120.0), metadata=doc("from one digest to the next", least=1))


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who hears of it; every leg is told, each by its own fail-over chain."""

    name: str = field(metadata=doc("what routes call it"))
    notify: tuple[Leg, ...] = field(default=(), metadata=doc("the legs; none means recorded only"))
    escalate: tuple[Escalation, ...] = field(
        default=(), metadata=doc("who else is told when nobody acknowledges; a route's own steps come before these")
    )
    storm: Storm | None = field(default=None, metadata=doc("more than that is told in digests; off if not given"))


@dataclass(frozen=True, kw_only=True)
class Route:
    """A node of the route tree. Children inherit what they do not say themselves, but for matchers and intervals."""

    receiver: str = field(default="", metadata=doc("name of the receiver; inherited when empty"))
    matchers: tuple[Matcher, ...] = field(default=(), metadata=doc("all must match the alert's labels"))
    continue_: bool = field(default=False, metadata=doc("go on with the next sibling after a match", key="continue"))
    group_by: tuple[str, ...] | None = field(
        default=None,
        metadata=doc("labels whose values make a group, inherited when empty; ['...'] tells every alarm by itself"),
    )
    group_wait: Seconds | None = field(
        default=None, metadata=doc("from a group's first alarm to its first notice; 30 s if no route says otherwise")
    )
    group_interval: Seconds | None = field(
        default=None, metadata=doc("from one notice to the next about news in the group; 5 min if not said otherwise")
    )
    repeat_interval: Seconds | None = field(
        default=None, metadata=doc("until what still fires is told again; 4 h if not said otherwise", least=1)
    )
    mute_time_intervals: tuple[str, ...] = field(
        default=(), metadata=doc("time intervals in which this route tells nobody")
    )
    active_time_intervals: tuple[str, ...] = field(
        default=(), metadata=doc("time intervals outside of which this route tells nobody")
    )
    escalate: tuple[Escalation, ...] | None = field(
        default=None, metadata=doc("who else is told when nobody acknowledges; inherited, else the receiver's")
    )
    routes: tuple["Route", ...] = field(default=(), metadata=doc("children; the first match wins"))


@dataclass(frozen=True, kw_only=True)
class InhibitRule:
    """While a source alarm fires, target alarms with the same values of the `equal` labels are not told."""

    source_matchers: tuple[Matcher, ...] = field(metadata=doc("all must match the alarm that mutes others"))
    target_matchers: tuple[Matcher, ...] = field(metadata=doc("all must match an alarm that is muted"))
    equal: tuple[str, ...] = field(default=(), metadata=doc("labels that must have the same value in both"))
