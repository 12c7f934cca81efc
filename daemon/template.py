"""Operators' Jinja templates: sandboxed, strict about names, bounded in length, steps and memory."""

import functools
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from daemon.errors import TemplateError

MAX_SOURCE = 10_000
MAX_RENDERED = 100_000
MAX_STEPS = 10_000  # rounds of loops, calls and pieces of output of one rendering
MAX_BITS = 4_096  # of a computed integer

_BUDGET, _COUNTED, _CONCATENATED = " budget", " counted", " concatenated"  # names that no template can spell
_WIDE = re.compile(r"%(?:\([^)]*\))?[^%a-zA-Z]*?(?:\*|\d{4})")  # a field of a thousand characters, or as wide as told
_FILTERS = re.compile(
    "abs|capitalize|count|d|default|dictsort|e|escape|filesizeformat|first|float|groupby|int|items|last|length|list"
    "|lower|map|max|min|reject|rejectattr|reverse|round|select|selectattr|sort|sum|title|trim|truncate|unique|upper"
    "|urlencode|wordcount"
)
_METHODS: dict[type, re.Pattern[str]] = {
    str: re.compile(
        "capitalize|casefold|count|endswith|find|index|is[a-z]+|lower|lstrip|partition|removeprefix|removesuffix|rfind"
        "|rindex|rpartition|rsplit|rstrip|split|splitlines|startswith|strip|swapcase|title|upper"
    ),
    dict: re.compile("get|items|keys|values"),
    list: re.compile("count|index"),
    tuple: re.compile("count|index"),
}
_HELPERS = (LoopContext, jinja2.utils.Cycler)
_NODES = (  # constructs that can run for ever without a loop that could be counted, or reach other files
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
)


class Template:
    """One compiled template. Equal sources are compiled once."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str) -> None:
        """Compile, or raise TemplateError with the line and what is wrong in it."""
        self.source = source
        self._compiled = _compile(source)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill in the values; whatever goes wrong is a TemplateError."""
        pieces, length = [], 0
        budget = _Budget()
        try:
            for piece in self._compiled.generate({**values, _BUDGET: budget}):
                budget.step()
                pieces.append(piece)
                length += len(piece)
                if length > MAX_RENDERED:
                    raise TemplateError(f"the template renders to more than {MAX_RENDERED} characters")
        except TemplateError:
            raise
        except Exception as error:
            # Only the error's own words: a value that it quotes may be long.
            raise TemplateError(f"{self.source[:80]!r} does not render: {str(error)[:200]}") from error
        return "".join(pieces)

    def __repr__(self) -> str:
        return f"Template({self.source[:80]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)


class _Budget:
    """What one rendering may still do."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TemplateError(f"the template takes more than {MAX_STEPS} steps")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox guards against escapes; this one also against what grows without end."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute only what has a bounded result."""
        context[_BUDGET].step()
        if operator == "%" and isinstance(left, str):
            return _format(context, left, right)
        if operator == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
            _bounded(len(left) + len(right))
        if operator == "*":
            _bounded_product(left, right)
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            _bounded_bits(left.bit_length() * right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call only functions of the template language, and methods that cannot blow up."""
        context[_BUDGET].step()
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        is_method = owner is not None and not isinstance(owner, _HELPERS)
        if is_method and not any(isinstance(owner, k) and names.fullmatch(name) for k, names in _METHODS.items()):
            raise TemplateError(f"a template may not call .{name}(); look for a filter that does it")
        return super().call(context, function, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse the method `format`, whose fields are as wide as told; the filter is bounded."""
        if isinstance(value, types.MethodType | types.BuiltinMethodType) and value.__name__ in {"format", "format_map"}:
            raise TemplateError("a template may not call .format(); use the filter: '%s'|format(x)")
        return None


@jinja2.pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    """Every loop of a template goes through this."""
    budget = context[_BUDGET]
    for value in values:
        budget.step()
        yield value


@jinja2.pass_context
def _concatenated(context: Context, values: list[Any]) -> str:
    """The operator `~`."""
    return _joined(context, values)


@jinja2.pass_context
def _joined(context: Context, values: Iterable[Any], separator: str = "", attribute: str | int | None = None) -> str:
    """The filter `join`, with a bound on what comes out."""
    context[_BUDGET].step()
    pieces, length = [], 0
    for value in values:
        piece = _shown(value if attribute is None else _ENVIRONMENT.getitem(value, attribute))
        length += len(piece) + len(separator)
        _bounded(length - len(separator))
        pieces.append(piece)
    return separator.join(pieces)


@jinja2.pass_context
def _replaced(context: Context, text: Any, old: str, new: str, count: int = -1) -> str:
    """The filter `replace`, with a bound on what comes out."""
    context[_BUDGET].step()
    text = _shown(text)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    _bounded(len(text) + times * (len(new) - len(old)))
    replaced: str = text.replace(old, new, count)
    return replaced


@jinja2.pass_context
def _format(context: Context, pattern: str, *values: Any, **named: Any) -> str:
    """The filter `format` and the operator `%`, without fields as wide as a book."""
    context[_BUDGET].step()
    if _WIDE.search(pattern):
        raise TemplateError("a format may not have a field of a thousand characters or more")
    given: Any = named or (values[0] if len(values) == 1 and isinstance(values[0], tuple | dict) else values)
    for value in given.values() if isinstance(given, dict) else given:
        _weigh(value)
    formatted: str = pattern % given
    _bounded(len(formatted))
    return formatted


@jinja2.pass_context
def _json(context: Context, value: Any) -> str:
    """The filter `tojson`, for a text and not for a web page."""
    context[_BUDGET].step()
    _weigh(value)
    encoded = msgspec.json.encode(value).decode()
    _bounded(len(encoded))
    return encoded


def _shown(value: Any) -> str:
    """Write any value, unless it is a structure of structures of structures that would take for ever."""
    if isinstance(value, str):
        return value
    _weigh(value)
    return str(value)


def _weigh(value: Any) -> None:
    """Count what writing the value would write; the same list inside itself many times counts each time."""
    heap, weight = [value], 0
    while heap:
        one = heap.pop()
        weight += 1 + (len(one) if isinstance(one, str | bytes) else 0)
        _bounded(weight)
        if isinstance(one, Mapping):
            heap.extend(one.keys())
            heap.extend(one.values())
        elif isinstance(one, list | tuple | set | frozenset):
            heap.extend(one)


def _bounded_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _bounded_bits(left.bit_length() + right.bit_length())
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int) and hasattr(sequence, "__len__"):
            _bounded(len(sequence) * times)


def _bounded(length: int) -> None:
    if length > MAX_RENDERED:
        raise TemplateError(f"the template makes a value of more than {MAX_RENDERED} characters")


def _bounded_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TemplateError(f"the template computes a number of more than {MAX_BITS} bits")


class _Guard(NodeTransformer):
    """Leads every loop and every `~` through a function that counts; refuses what cannot be counted."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the node's name
        if node.recursive:
            raise TemplateError(f"line {node.lineno}: a recursive loop is not for messages")
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _COUNTED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - the node's name
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _CONCATENATED)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    expression = cast("nodes.Expr", node)
    return nodes.Filter(expression, name, [], [], None, None, lineno=node.lineno, environment=_ENVIRONMENT)


def _environment() -> _Sandbox:
    """Set up the language: of Jinja's filters those with bounded results, some of them in our own words."""
    environment = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=False, finalize=_shown, optimized=False)
    environment.globals.pop("lipsum")
    ours: dict[str, Callable[..., Any]] = {
        _COUNTED: _counted,
        _CONCATENATED: _concatenated,
        "join": _joined,
        "replace": _replaced,
        "format": _format,
        "tojson": _json,
        "string": _shown,
    }
    known = {name: function for name, function in environment.filters.items() if _FILTERS.fullmatch(name)}
    environment.filters = known | ours
    return environment


_ENVIRONMENT = _environment()


@functools.lru_cache(maxsize=1_024)
def _compile(source: str) -> jinja2.Template:
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template has {len(source)} characters; at most {MAX_SOURCE} are taken")
    try:
        tree = _ENVIRONMENT.parse(source)
        for node in tree.find_all(_NODES):
            raise TemplateError(f"line {node.lineno}: {type(node).__name__.lower()} is not for messages")
        return _ENVIRONMENT.from_string(_Guard().visit(tree))
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}") from error
    except (RecursionError, SyntaxError, MemoryError, ValueError) as error:
        raise TemplateError("the template is nested too deeply or holds an impossible number") from error
