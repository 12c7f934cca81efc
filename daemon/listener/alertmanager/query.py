"""The parameters of a question, read as Alertmanager reads them."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

import msgspec

from daemon.errors import MatcherError
from daemon.listener.alertmanager.answers import Refused, sentence
from daemon.matcher import Matcher, pattern, unescaped

MOST = 100  # parameters of one question
MOST_FILTERS = 30  # patterns are compiled where everybody waits, a millisecond each
_TRUE = frozenset(("true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"))
_MATCHER = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\s*(=~|!=|!~|=)\s*(.*)", re.DOTALL)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^"\\]|\\.|\\$)*)', re.DOTALL)
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})|;")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are asked for."""

    matchers: tuple[Matcher, ...]
    receiver: Callable[[str], bool]
    active: bool
    silenced: bool
    inhibited: bool
    muted: bool

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are asked for."""
        return all(matcher.matches(labels) for matcher in self.matchers)


def parameters(query: str) -> dict[str, list[str]]:
    """Take a query apart; what is not well encoded is passed over, as Go does. Raises Refused."""
    found: dict[str, list[str]] = {}
    parts = query.split("&")
    if len(parts) > MOST:
        raise Refused(sentence(400, f"there are more than {MOST} parameters"))
    for part in parts:
        if part and not _BROKEN.search(part):
            name, _, value = part.partition("=")
            found.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return found


def asked(query: str) -> Filter:
    """Read what narrows a list of alerts down. Raises Refused."""
    given = parameters(query)
    return Filter(
        matchers=matchers(given),
        receiver=_receiver(given.get("receiver", [""])[-1]),
        active=_is_true(given, "active"),
        silenced=_is_true(given, "silenced"),
        inhibited=_is_true(given, "inhibited"),
        muted=_is_true(given, "muted"),
    )


def matchers(given: Mapping[str, list[str]]) -> tuple[Matcher, ...]:
    """Read every `filter`. Raises Refused."""
    filters = given.get("filter", [])
    if len(filters) > MOST_FILTERS:
        raise Refused(sentence(400, f"there are more than {MOST_FILTERS} filters"))
    try:
        return tuple(matcher(text) for text in filters)
    except MatcherError as error:
        raise Refused(sentence(400, str(error))) from error


def matcher(text: str) -> Matcher:
    """Read one matcher without braces. Raises MatcherError."""
    match = _MATCHER.fullmatch(text.strip())
    if match is None:
        raise MatcherError(f"bad matcher format: {text[:200]}")
    name, operator, raw = match.groups()
    value = _VALUE.fullmatch(raw)
    if value is None:
        raise MatcherError(f"matcher value contains unescaped double quote: {raw[:200]}")
    inner = value[2] if value[1] is None else value[1]
    found = Matcher(name, operator, unescaped(inner))
    if operator in ("=~", "!~"):
        pattern(found.value)
    return found


def _receiver(text: str) -> Callable[[str], bool]:
    if not text:
        return lambda _: True
    try:
        fits = pattern(text)
    except MatcherError as error:
        raise Refused(sentence(400, f"failed to parse receiver param: {error}")) from error
    return lambda name: fits.fullmatch(name) is not None


def _is_true(given: Mapping[str, list[str]], name: str) -> bool:
    """The last one counts; one that is not there, or empty, is true, and every other word is false."""
    word = given.get(name, [""])[-1].lower()
    return not word or word in _TRUE
