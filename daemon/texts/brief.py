"""An alarm in as many characters as there are: what matters most gets room first, and more room never tells less.

What matters: how bad and the short code, then what, then where, then the value.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from daemon import fitting
from daemon.alert import Alert
from daemon.event import State
from daemon.fitting import Size
from daemon.template.words import SEVERITIES, Lang

# Where it is, by the labels that tell most. `instance` is what Prometheus adds to everything, so names come before it.
WHERE: Final = (
    "host", "hostname", "host_name", "node", "nodename", "pod", "container", "instance_name", "instance", "instance_id",
    "server", "device", "service", "app", "application", "job", "deployment", "cluster", "namespace", "db", "database",
    "queue", "target", "url", "ip", "address", "env", "region",
)  # fmt: skip
VALUE: Final = ("value", "current_value", "curvalue", "current", "trigger_value", "last_value")
LONGEST_VALUE = 16  # what is longer is a text
_WHAT_FIRST, _WHERE_FIRST = 16, 16  # characters that each gets before the next has its turn
_LEAST = 3  # characters that are worth telling
_LONGEST = 512  # of a title or label that is looked at

_SHORT: Final[dict[Lang, Mapping[str, str]]] = {
    "en": {"critical": "CRIT", "error": "ERR", "warning": "WARN", "info": "INFO"},
    "zh": SEVERITIES["zh"],
}
_SHORTEST: Final[dict[Lang, Mapping[str, str]]] = {
    "en": {"critical": "C", "error": "E", "warning": "W", "info": "I"},
    "zh": {"critical": "重", "error": "错", "warning": "警", "info": "提"},
}
_TEST: Final[dict[Lang, tuple[str, str, str]]] = {"en": ("T", "TEST", "TEST"), "zh": ("测", "测试", "测试")}
_OVER: Final[dict[Lang, tuple[str, str, str]]] = {"en": ("R", "OK", "RESOLVED"), "zh": ("复", "恢复", "已恢复")}
_PORT = re.compile(r":[0-9]{1,5}$")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:]*")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?", re.IGNORECASE)
# A number alone may be anything ("for 5 minutes"); one with such a unit, or that is called the value, is the value.
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_MEASURED = re.compile(
    rf"(?<![A-Za-z0-9_.:/-])({_NUMBER} ?(?:%|‰|℃|°C|ms|[KMGT]i?B(?:/s)?|/s|rps|qps))(?![A-Za-z0-9_:/-]|\.[A-Za-z0-9])"
)
_CALLED = re.compile(
    rf"(?:\b(?:current )?value|当前值?|触发值)(?: ?(?:[:=：]|is|为) ?| )({_NUMBER})(?![A-Za-z0-9_:/-]|\.[A-Za-z0-9])",
    re.IGNORECASE,
)


class Facts(NamedTuple):
    """What there is to tell, each on one line; empty where nobody knows."""

    marks: tuple[str, str, str]  # how bad, from the shortest word to the longest
    code: str
    others: str  # how many more there are: `+11`
    what: str
    where: str
    value: str


def what(alert: Alert) -> str:
    """Its title on one line."""
    return fitting.line(alert.title[:_LONGEST])


def where(labels: Mapping[str, str]) -> str:
    """The label that tells most of where it is: a host without its domain and port, else a pod, a service, a place."""
    for name in WHERE:
        if not (said := labels.get(name)):
            continue
        place = fitting.line(said[:_LONGEST])
        if scheme := _SCHEME.match(place):
            place = place[scheme.end() :].partition("/")[0]
        if place:
            bare = _PORT.sub("", place) or place
            is_name = "." in bare and "/" not in bare and not _ADDRESS.fullmatch(bare)
            return bare.partition(".")[0] or bare if is_name else bare
    return ""


def value(alert: Alert) -> str:
    """How much it is: a label that says so, else the one number of its text, where that is beyond doubt."""
    for name in VALUE:
        if not (label := alert.labels.get(name)):
            continue
        said = fitting.line(label[:_LONGEST])
        if 0 < len(said) <= LONGEST_VALUE:
            return said
    text = fitting.line(alert.text[:_LONGEST])
    found = {one.replace(" ", "") for one in _MEASURED.findall(text)} or set(_CALLED.findall(text))
    return found.pop() if len(found) == 1 and len(next(iter(found))) <= LONGEST_VALUE else ""


def facts(alert: Alert, others: int, lang: Lang, *, is_test: bool = False) -> Facts:
    """What a brief text of this alert may tell; `others` are told with it. What no store knows has no code."""
    severity = alert.severity
    marks = (
        _SHORTEST[lang].get(severity, severity[:1]),
        _SHORT[lang].get(severity, severity),
        SEVERITIES[lang].get(severity, severity).upper(),
    )
    if is_test:
        marks = _TEST[lang]
    elif alert.state is State.RESOLVED:
        marks = _OVER[lang]
    return Facts(
        marks=marks,
        code=alert.code if alert.id else "",
        others=f"+{others}" if others > 0 else "",
        what=what(alert),
        where=where(alert.labels),
        value=value(alert),
    )


def brief(told: Facts, size: Size) -> str:
    """One line within the size: `mark code +others what where value`.

    The code is in it wherever it fits; its number alone where only that fits, nothing where not even that does.
    """
    if not size.fits(told.code):
        return told.code[1:] if size.fits(told.code[1:]) else ""
    return _joined(chosen(told, size))


def chosen(told: Facts, size: Size) -> dict[str, str]:
    """How much of each piece is told where the code fits.

    How bad it is comes as soon as there is room for a letter. Then everything gets room by its turn; a turn that cannot
    be had ends it, so that nothing is ever told less because there is more room. A value is told whole or not at all.
    """
    parts = {"mark": "", "code": told.code, "others": "", "what": "", "where": "", "value": ""}
    turns = (
        ("mark", told.marks[0], False),
        ("mark", told.marks[1], False),
        ("others", told.others, False),
        ("what", Size(_WHAT_FIRST).cut(told.what), True),
        ("where", Size(_WHERE_FIRST).cut(told.where), True),
        ("value", told.value, False),
        ("what", told.what, True),
        ("where", told.where, True),
        ("mark", told.marks[2], False),
    )
    for name, wanted, may_be_cut in turns:
        if not wanted:
            continue
        if size.fits(_joined({**parts, name: wanted})):
            parts[name] = wanted
            continue
        if may_be_cut:
            room = size.most - size.of(_joined({**parts, name: "x"})) + 1
            kept = Size(room, size.unit).cut(wanted) if room > _LEAST else ""
            if size.of(kept) > max(_LEAST, size.of(parts[name])):
                parts[name] = kept
        break
    return parts


def whole_code(text: str, code: str) -> bool:
    """Whether a text names this code, and not one that begins like it."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![0-9])", text) is not None


def _joined(parts: Mapping[str, str]) -> str:
    return " ".join(filter(None, parts.values()))
