"""An expression's text read.

expression = value [ "/" value ] { modifier }     each modifier once, in any order; `over` must be there
value      = function "(" series ")"              rate sum avg min max count last different absent p50 … p99.9
series     = name [ "{" matcher { "," matcher } "}" ]
modifier   = "over" duration | "by" "(" label { "," label } ")" | "each" | "vs" ( "yesterday" | "last week" )
"""

import re
from difflib import get_close_matches

from daemon.errors import ExpressionError, MatcherError
from daemon.expressions import expression
from daemon.expressions.expression import ABSENT, FUNCTIONS, LONG, LONGEST, LONGEST_COMPARED, Expression, Value
from daemon.fitting import cut
from daemon.matcher import Matcher, unescaped
from daemon.matcher import parse as matchers
from daemon.units import seconds

LONGEST_TEXT = 2_000
SHORTEST = 10.0  # seconds: a slot
MOST_LABELS = 10  # after `by`
EXAMPLE = 'p95(http.time{route="/pay"}) over 5m'

_WORD = re.compile(r"\s*([A-Za-z_][\w.]*)", re.ASCII)
_LABEL = re.compile(r"\s*([^\s(),{}\"'=]+)")
_SIGN = re.compile(r"\s*([(){},/])")
_DURATION = re.compile(r"\s*([0-9][0-9A-Za-z.]*)", re.ASCII)
_QUOTED = re.compile(r"\s*\"((?:[^\"\\]|\\.)*)\"")
_NAME = re.compile(r"\s*([^\s(){}\[\]\"',]+)")
_BRACES = re.compile(r"\s*\{(?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*\}")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?)", re.ASCII)
_MEANT = {
    "mean": "avg", "average": "avg", "maximum": "max", "minimum": "min", "total": "sum", "median": "p50",
    "increase": "sum", "uniq": "different", "unique": "different", "distinct": "different", "latest": "last",
    "median_over_time": "p50", "avg_over_time": "avg", "quantile": "p95", "percentile": "p95", "missing": "absent",
    "nodata": "absent", "per_second": "rate", "irate": "rate",
}  # fmt: skip


def parse(text: str) -> Expression:
    """Read an expression, or raise ExpressionError with what would be right."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"it has {len(text)} characters; at most {LONGEST_TEXT} are taken")
    reader = _Reader(text)
    if not text.strip():
        raise ExpressionError(f"it is empty; write for example {EXAMPLE}")
    first = _value(reader)
    divisor = _value(reader) if reader.has(_SIGN, "/") else None
    modifiers = _Modifiers(reader)
    found = Expression(first, modifiers.window(), divisor, modifiers.by, modifiers.versus)
    _check(found)
    return found


class _Reader:
    """The text, and how far it is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self, form: re.Pattern[str]) -> str | None:
        """Take what has this form; None when something else comes."""
        match = form.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return next((one for one in match.groups() if one is not None), match[0].strip())

    def has(self, form: re.Pattern[str], wanted: str) -> bool:
        """Take exactly this, when it comes."""
        match = form.match(self.text, self.at)
        if match is None or match[1] != wanted:
            return False
        self.at = match.end()
        return True

    @property
    def rest(self) -> str:
        """What comes, for errors."""
        return cut(self.text[self.at :].strip(), 30)


def _value(reader: _Reader) -> Value:
    word = reader.next(_WORD)
    if word is None:
        instead = f"{reader.rest!r} stands" if reader.rest else "the text ends"
        raise ExpressionError(f"{instead} where a function should; write for example {EXAMPLE}")
    function, part = _function(word)
    if not reader.has(_SIGN, "("):
        if word == "by" or reader.rest.startswith("by"):
            raise ExpressionError(f"by stands behind the value: {word}(name) by (label) over 5m")
        raise ExpressionError(f"after {word} comes the series in parentheses: {word}(http.time)")
    told = reader.next(_QUOTED)
    name = reader.next(_NAME) if told is None else unescaped(told)
    if not name:
        raise ExpressionError(f"which series? write its name in {word}(…), such as {word}(http.time)")
    if len(name) > (most := expression.LONGEST_NAME):
        raise ExpressionError(f"the name {cut(name, 40)} has {len(name)} characters; none has more than {most}")
    found = Value(function, name, _matchers(reader, name), part)
    if not reader.has(_SIGN, ")"):
        raise ExpressionError(_unclosed(reader, word))
    if name in expression.KNOWN and (said := found.refusal(expression.KNOWN[name])):
        raise ExpressionError(said)
    return found


def _unclosed(reader: _Reader, word: str) -> str:
    if reader.rest.startswith("["):
        return "windows are written behind: over 5m"
    if reader.rest.startswith("{"):
        return 'the braces do not close, or a value lacks its quotes; write {route="/pay",app="shop"}'
    return (
        f"the parenthesis of {word}( is not closed before {reader.rest!r}"
        if reader.rest
        else (f"the parenthesis of {word}( is not closed")
    )


def _function(word: str) -> tuple[str, float]:
    if word in FUNCTIONS:
        return word, 0.0
    if match := _PERCENTILE.fullmatch(word):
        part = float(match[1]) / 100
        if part > 0:
            return expression.PERCENTILE, part
    if word.startswith("p") and word[1:].replace(".", "").isdigit():
        raise ExpressionError(
            f"{word} is no percentile; there are p50, p95, p99.9, and all others above 0 and below 100"
        )
    if word in ("over", "by", "each", "vs"):
        raise ExpressionError(f"{word} stands behind the value: {EXAMPLE}")
    near = _MEANT.get(word.lower()) or next(iter(get_close_matches(word, FUNCTIONS, n=1)), "")
    hint = f"did you mean {near}?" if near else f"there are {', '.join(FUNCTIONS)} and percentiles such as p95"
    raise ExpressionError(f'there is no function "{cut(word, 40)}"; {hint}')


def _matchers(reader: _Reader, name: str) -> tuple[Matcher, ...]:
    braces = reader.next(_BRACES)
    if braces is None or not braces[1:-1].strip():
        return ()
    try:
        return matchers(braces)
    except MatcherError as error:
        raise ExpressionError(f"the labels of {cut(name, 40)}: {error}") from None


class _Modifiers:
    """What stands behind the value."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._seen: set[str] = set()
        self._over: float | None = None
        self.by: tuple[str, ...] | None = ()
        self.versus = ""
        while reader.rest:
            self._one(reader.next(_WORD) or "")

    def window(self) -> float:
        """How long it looks back."""
        if self._over is None:
            raise ExpressionError("it does not say over how long; write for example over 5m behind it")
        return self._over

    def _one(self, word: str) -> None:
        word = {"offset": "vs", "against": "vs", "versus": "vs", "for": "over", "in": "over"}.get(word, word)
        if word not in ("over", "by", "each", "vs"):
            raise ExpressionError(f"{word or self._reader.rest!r} stands where one of over, by, each or vs should")
        if word in self._seen:
            raise ExpressionError(f"{word} stands twice")
        self._seen.add(word)
        if {"by", "each"} <= self._seen:
            raise ExpressionError("by makes groups and each makes none: keep the one that is meant")
        match word:
            case "over":
                self._over = self._duration()
            case "by":
                self.by = self._labels()
            case "each":
                self.by = None
            case "vs":
                self.versus = self._ago()

    def _duration(self) -> float:
        text = self._reader.next(_DURATION)
        try:
            return seconds(text or "")
        except ValueError:
            instead = f"{text or self._reader.rest!r} is no duration" if text or self._reader.rest else "how long?"
            raise ExpressionError(f"over: {instead}; write for example over 5m") from None

    def _labels(self) -> tuple[str, ...]:
        if not self._reader.has(_SIGN, "("):
            raise ExpressionError("by takes labels in parentheses: by (route)")
        found: list[str] = []
        while (label := self._reader.next(_LABEL)) is not None:
            found.append(label)
            if not self._reader.has(_SIGN, ","):
                break
        if not found or not self._reader.has(_SIGN, ")"):
            raise ExpressionError("by takes labels in parentheses: by (route), by (app, route)")
        if len(set(found)) < len(found):
            raise ExpressionError("a label stands twice behind by")
        if len(found) > MOST_LABELS:
            raise ExpressionError(f"by takes at most {MOST_LABELS} labels")
        return tuple(sorted(found))

    def _ago(self) -> str:
        word = self._reader.next(_WORD)
        if word == "last" and self._reader.has(_WORD, "week"):
            return "last week"
        if word == "yesterday":
            return word
        raise ExpressionError("vs compares with yesterday or last week: sum(orders) over 1h vs yesterday")


def _check(found: Expression) -> None:
    """What can be read and cannot be meant."""
    if any(one.function == ABSENT for one in found.values) and (found.divisor or found.versus):
        raise ExpressionError("absent stands alone: it is so, or it is not")
    longest = LONGEST_COMPARED if found.versus else LONGEST
    window = expression.written(found.over)
    if found.over < SHORTEST:
        raise ExpressionError(f"over {window} is shorter than a slot; write at least over 10s")
    if found.over > longest:
        more = "; only comparisons (vs yesterday, vs last week) look back up to 7d" if not found.versus else ""
        raise ExpressionError(f"over {window} is too long: at most {expression.written(longest)}{more}")
    if found.over % found.piece:
        pieces = {10: "10s", 60: "minutes", 3_600: "hours"}[found.piece]
        beyond = f"; beyond {expression.written(LONG)} windows are whole minutes, beyond a day whole hours"
        raise ExpressionError(f"over {window} is not a multiple of {pieces}{beyond}")
    kept = {"yesterday": (60, "minutes"), "last week": (3_600, "hours")}.get(found.versus)
    if kept is not None and found.over % kept[0]:
        raise ExpressionError(
            f"over {window}: what there was {found.versus} is kept by {kept[1]}; write whole {kept[1]}"
        )
    if found.over > found.shift > 0:
        raise ExpressionError(f"over {window} reaches into what it is compared with; write at most over 1d")
