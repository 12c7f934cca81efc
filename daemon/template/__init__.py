"""Operators' Jinja templates: sandboxed, strict about names, bounded in length, steps, work and memory."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import jinja2

from daemon.errors import TemplateError, TemplateUnboundedError
from daemon.template.budget import MAX_RENDERED, MAX_STEPS, MAX_WORK, NAME, Budget
from daemon.template.sandbox import MAX_SOURCE, compiled, names

__all__ = ["MAX_RENDERED", "MAX_SOURCE", "MAX_STEPS", "MAX_WORK", "Template"]


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
        pieces, length = [], 0
        budget = Budget()
        try:
            for piece in self._compiled.generate({**values, NAME: budget}):
                budget.step()
                pieces.append(piece)
                length += len(piece)
                if length > MAX_RENDERED:
                    raise TemplateUnboundedError(f"the template renders to more than {MAX_RENDERED} characters")
        except TemplateError:
            raise
        except Exception as error:
            # Only the error's own words: a value that it quotes may be long.
            said = _OURS.sub(lambda found: found[1].lower(), str(error)[:200])
            raise TemplateError(f"{self.source[:80]!r} does not render: {said}") from error
        return "".join(pieces)

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


@functools.lru_cache(maxsize=1_024)
def _compile(source: str) -> jinja2.Template:
    return compiled(source)
