"""The names that templates may use, and what they mean."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from daemon.alert import Alert
from daemon.event import State
from daemon.fitting import Size, Unit
from daemon.template.words import Lang
from daemon.texts import brief

NAMES: Final[dict[str, str]] = {
    "alert": "the worst of the alarms: `code`, `title`, `text`, `severity`, `state`, `source`, `key`, `labels`, "
    "`links`, `started_at`, `ended_at`, `count`",
    "alerts": "the alarms of the notice, a hundred at most, the worst first",
    "notice": "`firing` and `resolved` (how many), `group` (the labels that made the group), `reason`, `note`, "
    "`receiver`, `at`",
    "message": "`title` and `text` (in a template of your own: the built-in ones), `code`, `repeat` (an earlier try "
    "may have arrived)",
    "receiver": "the receiver's name",
    "recipient": "`name` and `address` of the one it goes to; both empty for a room, and for a message to several "
    "(but not in the `template_params` of a channel that says something else to each)",
    "labels": "the labels that all alarms of the notice share",
    "links": "the links of `alert`, and `acknowledge` when links to acknowledge are configured",
    "mark": "how bad it is in a word or two: `严重`, `CRIT`; when it is over `恢复`, `OK`; of a test `测试`, `TEST`",
    "what": "the title of `alert` on one line",
    "where": "the label of `alert` that tells most of where it is: `host`, `node`, `pod`, `instance`, `service`, …; a "
    "host without its domain and port; empty where there is none",
    "value": "how much it is: a label such as `value` or `current_value`, else the one measured number in its text "
    "(`97%`); empty where that is in doubt",
    "brief": "`brief(35)` is one line of so many characters at most that says what matters most: how bad, the code, "
    "what, where, the value. `brief(70, 'bytes')` counts bytes, `'UTF-16 units'` those",
    "lang": "`en` or `zh`",
    "since": "when the earliest of what still fires began; when nothing fires, of what is over",
    "until": "when the last of them ended; `now` while one fires",
    "lasted": "seconds from `since` to `until`",
    "late": "seconds that the message is late; 0 up to two minutes",
    "now": "when the message goes out",
}

FILTERS: Final[dict[str, str]] = {
    "duration": "seconds as people say them: `12 min`, `3 h 20 min`, `3小时20分钟`",
    "time": "an instant in `texts.time_zone`: `14:03`, with the date when it is not today; `time(true)` with date and "
    "zone always",
    "severity": "a severity's word in the language: `critical`, `严重`",
    "plural": "a number of things: `{{ 3 | plural('alarm') }}` is `3 alarms`; `plural('match', 'matches')`",
    "fit": "one line of so many characters at most: `{{ alert.title | fit(20) }}`",
    "cut": "so many characters at most, on as many lines as it has",
    "markdown": "a text whose signs mean nothing in Markdown",
    "lined": "a text for HTML: escaped, its line breaks kept",
}


def times(alerts: Sequence[Alert], now: float) -> dict[str, float]:
    """From when to when, by those that still fire, else by all."""
    firing = [alert for alert in alerts if alert.state is State.FIRING]
    since = min(alert.started_at for alert in firing or alerts)
    until = now if firing else max(alert.last_seen if alert.ended_at is None else alert.ended_at for alert in alerts)
    return {"since": since, "until": until, "lasted": max(0.0, until - since)}


def shared(alerts: Sequence[Alert]) -> Mapping[str, str]:
    """The labels that all of them have, with the same value."""
    first, *others = alerts
    if not others:
        return first.labels
    common = set(first.labels.items())
    for alert in others:
        common &= alert.labels.items()
    return {name: value for name, value in first.labels.items() if (name, value) in common}


def links(alert: Alert, acknowledge: str) -> Mapping[str, Any]:
    """The alarm's own, and the one that acknowledges it."""
    return {**alert.links, "acknowledge": acknowledge} if acknowledge else alert.links


def in_brief(alert: Alert, others: int, lang: Lang, *, is_test: bool) -> dict[str, Any]:
    """What matters most of it, piece by piece, and the function that puts the pieces together."""

    def told(most: int, unit: str = Unit.CHARACTERS) -> str:
        return brief.brief(brief.facts(alert, others, lang, is_test=is_test), Size(max(0, most), Unit(unit)))

    function: Callable[..., str] = told
    return {
        "mark": brief.facts(alert, others, lang, is_test=is_test).marks[1],
        "what": brief.what(alert),
        "where": brief.where(alert.labels),
        "value": brief.value(alert),
        "brief": function,
    }
