"""The filters and tests of the template language: those of Jinja's whose results are bounded, all of them counted."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jinja2
import msgspec
from jinja2.runtime import Context

from daemon.errors import TemplateUnboundedError
from daemon.template import budget, words
from daemon.template.budget import bounded, size, weigh

COUNTED, CONCATENATED, MEASURED, BUILT = " counted", " concatenated", " measured", " built"  # no template spells them

_WIDE = re.compile(r"%(?:\([^)]*\))?[^%a-zA-Z]*?(?:\*|\d{4})")  # a field of a thousand characters, or as wide as told
_FILTERS = re.compile(
    "abs|capitalize|count|d|default|dictsort|e|escape|filesizeformat|first|float|groupby|int|items|last|length|list"
    "|lower|map|max|min|reject|rejectattr|reverse|select|selectattr|sort|sum|title|trim|truncate|unique|upper"
    "|urlencode|wordcount"
)
_TESTS = re.compile(
    "boolean|defined|divisibleby|eq|equalto|even|false|float|ge|greaterthan|gt|in|integer|iterable|le|lessthan|lower|lt"
    "|mapping|ne|none|number|odd|sequence|string|true|undefined|upper|[=!]=|[<>]=?"
)
_FIRST: dict[str, Callable[[Context], tuple[Any, ...]]] = {
    "context": lambda context: (context,),
    "eval_context": lambda context: (context.eval_ctx,),
    "environment": lambda context: (context.environment,),
}
_PRECISION = 12  # digits behind the point


def filters(known: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Choose among Jinja's own filters, and add ours."""
    chosen = {name: function for name, function in known.items() if _FILTERS.fullmatch(name)}
    ours: dict[str, Callable[..., Any]] = {
        "join": _joined,
        "replace": _replaced,
        "format": formatted,
        "round": _rounded,
        "tojson": _json,
        "string": shown,
        **words.FILTERS,
    }
    inner: dict[str, Callable[..., Any]] = {
        COUNTED: _counted,
        CONCATENATED: _concatenated,
        MEASURED: _measured,
        BUILT: _built,
    }
    return {name: _metered(function) for name, function in (chosen | ours).items()} | inner


def tests(known: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Choose among Jinja's own tests."""
    return {name: _metered(function) for name, function in known.items() if _TESTS.fullmatch(name)}


def shown(value: Any) -> str:
    """Write any value, unless it is a structure of structures of structures that would take for ever."""
    if isinstance(value, str):
        return value
    weigh(value)
    return str(value)


@jinja2.pass_context
def written(context: Context, value: Any) -> str:
    """What every `{{ }}` ends in."""
    text = shown(value)
    context[budget.NAME].write(len(text))
    return text


@jinja2.pass_context
def formatted(context: Context, pattern: str, *values: Any, **named: Any) -> str:
    """The filter `format` and the operator `%`, without fields as wide as a book."""
    context[budget.NAME].step()
    if _WIDE.search(pattern):
        raise TemplateUnboundedError("a format may not have a field of a thousand characters or more")
    given: Any = named or (values[0] if len(values) == 1 and isinstance(values[0], tuple | dict) else values)
    for value in given.values() if isinstance(given, dict) else given:
        weigh(value)
    text: str = pattern % given
    bounded(len(text))
    return text


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Count what a filter or test is given and what it makes, in elements; what is long is gone through often."""
    passed = getattr(function, "jinja_pass_arg", None)  # what else it wants; an enumeration of Jinja's

    @jinja2.pass_context
    def metered(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        left: budget.Budget = context[budget.NAME]
        # Names such as `sort(attribute="a,b,c")` are looked up in each element.
        often = 1 + sum(len(one) // budget.CHARACTERS for one in (*args, *kwargs.values()) if isinstance(one, str))
        if isinstance(value, Iterator):
            value = left.each(value, often)
        else:
            left.spend(size(value) * often)
        for one in args:
            left.spend(size(one))
        first = _FIRST[passed.name](context) if passed else ()
        result = function(*first, value, *args, **kwargs)
        left.spend(size(result))
        if isinstance(result, str):
            bounded(len(result))
        return result

    return metered


@jinja2.pass_context
def _counted(context: Context, values: Iterable[Any], work: int) -> Iterator[Any]:
    """Every loop of a template goes through this; `work` is the length of its body."""
    left: budget.Budget = context[budget.NAME]
    for value in values:
        left.step()
        left.spend(work)
        yield value


@jinja2.pass_context
def _measured(context: Context, value: Any) -> Any:
    """What is compared, looked up or sliced."""
    context[budget.NAME].spend(size(value))
    return value


@jinja2.pass_context
def _built(context: Context, value: Any) -> Any:
    """Every list, tuple and mapping that a template writes: none weighs more than can be gone through."""
    context[budget.NAME].spend(weigh(value, inside=False))
    return value


@jinja2.pass_context
def _concatenated(context: Context, values: list[Any]) -> str:
    """The operator `~`."""
    return _joined(context, values)


@jinja2.pass_context
def _joined(context: Context, values: Iterable[Any], separator: str = "", attribute: str | int | None = None) -> str:
    """The filter `join`, with a bound on what comes out."""
    left: budget.Budget = context[budget.NAME]
    left.step()
    pieces, length = [], 0
    for value in values:
        piece = shown(value if attribute is None else context.environment.getitem(value, attribute))
        length += len(piece) + len(separator)
        bounded(length - len(separator))
        pieces.append(piece)
    left.spend(1 + length // budget.CHARACTERS)
    return separator.join(pieces)


@jinja2.pass_context
def _replaced(context: Context, text: Any, old: str, new: str, count: int = -1) -> str:
    """The filter `replace`, with a bound on what comes out."""
    context[budget.NAME].step()
    text = shown(text)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    bounded(len(text) + times * (len(new) - len(old)))
    replaced: str = text.replace(old, new, count)
    return replaced


def _rounded(value: float, precision: int = 0, method: str = "common") -> float:
    """The filter `round`; Jinja's own raises ten to any power."""
    if abs(precision) > _PRECISION:
        raise TemplateUnboundedError(f"round takes at most {_PRECISION} digits")
    rounded: float = jinja2.filters.do_round(value, precision, method)  # type: ignore[arg-type] # it says so itself
    return rounded


@jinja2.pass_context
def _json(context: Context, value: Any) -> str:
    """The filter `tojson`, for a text and not for a web page."""
    context[budget.NAME].step()
    weigh(value)
    return msgspec.json.encode(value).decode()
