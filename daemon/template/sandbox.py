"""Jinja's sandbox guards against escapes; this one also against what grows without end."""

import re
import types
from collections.abc import Callable
from typing import Any, cast

import jinja2
import msgspec
from jinja2 import meta, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from daemon.errors import TemplateError
from daemon.template import budget, filters, words
from daemon.template.budget import bounded, bounded_bits, size, weigh

MAX_SOURCE = 10_000
LONGEST_NEEDLE = 100  # searching backwards for a longer one may take as long as both lengths multiplied

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
_REFUSED = (  # constructs that can run for ever without a loop that could be counted, or reach other files
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
    nodes.Block,
)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Every operation that a template can make large or repeat is bounded or counted."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute only what has a bounded result."""
        context[budget.NAME].step()
        if operator == "%" and isinstance(left, str):
            return filters.formatted(context, left, right)
        if operator == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
            bounded(_weight(left) + _weight(right))
        if operator == "*":
            _bounded_product(left, right)
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            bounded_bits(left.bit_length() * right)
        result = super().call_binop(context, operator, left, right)
        context[budget.NAME].spend(size(result))
        return result

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call only functions of the template language, and methods that cannot blow up."""
        left: budget.Budget = context[budget.NAME]
        left.step()
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        is_method = owner is not None and not isinstance(owner, _HELPERS)
        if is_method:
            if not any(isinstance(owner, k) and names.fullmatch(name) for k, names in _METHODS.items()):
                raise TemplateError(f"a template may not call .{name}(); look for a filter that does it")
            if name.startswith("r") and any(isinstance(one, str) and len(one) > LONGEST_NEEDLE for one in args):
                raise TemplateError(f".{name}() takes a text of at most {LONGEST_NEEDLE} characters")
        left.spend(sum(size(one) for one in (owner, *args, *kwargs.values())))
        result = super().call(context, function, *args, **kwargs)
        if isinstance(result, dict | Namespace | list | tuple):
            left.spend(weigh(result, inside=False))
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Know at once what is most often asked: a field of a value of ours."""
        if isinstance(obj, msgspec.Struct) and attr in obj.__struct_fields__:
            return True
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Refuse the method `format`, whose fields are as wide as told; the filter is bounded."""
        if isinstance(value, types.MethodType | types.BuiltinMethodType) and value.__name__ in {"format", "format_map"}:
            raise TemplateError("a template may not call .format(); use the filter: '%s'|format(x)")
        return None


def _weight(value: Any) -> int:
    return len(value) if isinstance(value, str) else weigh(value, inside=False)


def _bounded_product(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        bounded_bits(left.bit_length() + right.bit_length())
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int) and hasattr(sequence, "__len__"):
            bounded(_weight(sequence) * times)


class _Guard(NodeTransformer):
    """Leads whatever can be repeated or can become large through a function that counts."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the node's name
        if node.recursive:
            raise TemplateError(f"line {node.lineno}: a recursive loop is not for messages")
        work = 1 + sum(_work(one) for one in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = _filtered(node.iter, filters.COUNTED, nodes.Const(work))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - the node's name
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), filters.CONCATENATED)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - the node's name
        self.generic_visit(node)
        node.expr = _measured(node.expr)
        for operand in node.ops:
            operand.expr = _measured(operand.expr)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - the node's name
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _measured(node.node)
        else:
            node.arg = _measured(node.arg)
        return node

    def visit_List(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:  # noqa: N802 - the node's name
        self.generic_visit(node)
        # A tuple is also what `{% set a, b = … %}` fills.
        return node if getattr(node, "ctx", "load") != "load" else _filtered(node, filters.BUILT)

    visit_Tuple = visit_Dict = visit_List  # noqa: N815 - the nodes' names


def _work(node: nodes.Node) -> int:
    return 1 + (len(node.data) // budget.CHARACTERS if isinstance(node, nodes.TemplateData) else 0)


def _measured(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _filtered(node, filters.MEASURED)


def _filtered(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    expression = cast("nodes.Expr", node)
    return nodes.Filter(expression, name, list(args), [], None, None, lineno=node.lineno, environment=_ENVIRONMENT)


def _environment() -> _Sandbox:
    """Set up the language."""
    environment = _Sandbox(
        undefined=jinja2.StrictUndefined, autoescape=False, finalize=filters.written, optimized=False
    )
    environment.globals.pop("lipsum")
    known_filters: dict[str, Any] = environment.filters
    known_tests: dict[str, Any] = environment.tests
    environment.filters = cast("Any", filters.filters(known_filters))
    environment.tests = cast("Any", filters.tests(known_tests))
    return environment


def _own_environment() -> jinja2.Environment:
    """The same language for texts that are part of the program, without the guards."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - no web page
    environment.filters.update(words.FILTERS)
    return environment


_ENVIRONMENT = _environment()
_OWN_ENVIRONMENT = _own_environment()
GLOBALS = dict(_ENVIRONMENT.globals)  # the functions of the language


def compiled(source: str) -> jinja2.Template:
    """Compile, or raise TemplateError with the line and what is wrong in it."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template has {len(source)} characters; at most {MAX_SOURCE} are taken")
    try:
        tree = _ENVIRONMENT.parse(source)
        for node in tree.find_all(_REFUSED):
            raise TemplateError(f"line {node.lineno}: {type(node).__name__.lower()} is not for messages")
        return _ENVIRONMENT.from_string(_Guard().visit(tree))
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}") from error
    except (RecursionError, SyntaxError, MemoryError, ValueError) as error:
        raise TemplateError("the template is nested too deeply or holds an impossible number") from error


def compiled_freely(source: str) -> jinja2.Template:
    """Compile a template that nobody but us has written."""
    return _OWN_ENVIRONMENT.from_string(source)


def names(source: str) -> frozenset[str]:
    """The names from outside that a template uses, whether or not they exist; of one that compiles."""
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
