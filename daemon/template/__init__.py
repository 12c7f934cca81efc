"""Operators' Jinja templates: sandboxed, strict about names, bounded in length, steps, work and memory."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
from jinja2.runtime import Context

from daemon.errors import TemplateError, TemplateUnboundedError
from daemon.template.budget import MAX_RENDERED, MAX_STEPS, MAX_WORK, NAME, Budget, bounded
from daemon.template.sandbox import GLOBALS, MAX_SOURCE, compiled, compiled_freely, names

__all__ = ["MAX_RENDERED", "MAX_SOURCE", "MAX_STEPS", "MAX_WORK", "OwnTemplate", "Template"]


# What Jinja calls a value of ours: whoever writes a template knows it by another name.
_OURS = re.compile(r"'daemon\.[\w.]*?(\w+) object'")


class Template:
    """One compiled template. Equal sources are compiled once."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str) -> None:
        """Compile, or raise TemplateError with the line and what is wrong in it."""
        self.source = source
        self._compiled = _compile(source)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill in the values; whatever goes wrong is a TemplateError."""
        try:
            return self._rendered(values)
        except TemplateError:
            raise
        except Exception as error:
            # Only the error's own words: a value that it quotes may be long.
            said = _OURS.sub(lambda found: found[1].lower(), str(error)[:200])
            raise TemplateError(f"{self.source[:80]!r} does not render: {said}") from error

    def _rendered(self, values: Mapping[str, Any]) -> str:
        pieces, length = [], 0
        budget = Budget()
        for piece in self._pieces({**values, NAME: budget}):
            budget.step()
            pieces.append(piece)
            length += len(piece)
            if length > MAX_RENDERED:
                raise TemplateUnboundedError(f"the template renders to more than {MAX_RENDERED} characters")
        return "".join(pieces)

    def _pieces(self, values: Mapping[str, Any]) -> Iterator[str]:
        """As Jinja's own `generate`, but for what it copies each time and for the traceback it writes anew."""
        compiled = self._compiled
        return compiled.root_render_func(Context(compiled.environment, {**GLOBALS, **values}, None, compiled.blocks))

    @property
    def names(self) -> frozenset[str]:
        """The names from outside that it uses."""
        return names(self.source)

    def __repr__(self) -> str:
        return f"Template({self.source[:80]!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)


class OwnTemplate(Template):
    """One that is part of the program: what it does is known to be bounded, so only what it writes is measured."""

    __slots__ = ()

    def __init__(self, source: str) -> None:
        """Compile."""
        self.source = source
        self._compiled = compiled_freely(source)

    def _rendered(self, values: Mapping[str, Any]) -> str:
        text = "".join(self._pieces(values))
        bounded(len(text))
        return text


@functools.lru_cache(maxsize=1_024)
def _compile(source: str) -> jinja2.Template:
    return compiled(source)
