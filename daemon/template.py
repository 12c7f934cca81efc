"""Operators' Jinja templates: sandboxed, strict about names, bounded in length."""

import functools
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from daemon.errors import TemplateError

MAX_SOURCE = 10_000
MAX_RENDERED = 100_000

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


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
        try:
            for piece in self._compiled.generate(values):
                pieces.append(piece)
                length += len(piece)
                if length > MAX_RENDERED:
                    raise TemplateError(f"the template renders to more than {MAX_RENDERED} characters")
        except TemplateError:
            raise
        except Exception as error:
            raise TemplateError(f"{self.source[:80]!r} does not render: {error}") from error
        return "".join(pieces)

    def __repr__(self) -> str:
        return f"Template({self.source[:80]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)


@functools.lru_cache(maxsize=1_024)
def _compile(source: str) -> jinja2.Template:
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template has {len(source)} characters; at most {MAX_SOURCE} are taken")
    try:
        return _ENVIRONMENT.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}") from error
