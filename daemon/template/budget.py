"""What one rendering may still do: steps, work, and what it writes; and how much a value weighs."""

from collections.abc import Iterable, Iterator, Mapping, MappingView
from typing import Any, Final

import msgspec
from jinja2.utils import Namespace

from daemon.errors import TemplateUnboundedError

MAX_RENDERED = 100_000
MAX_STEPS = 10_000  # rounds of loops, calls and pieces of output of one rendering
MAX_WORK = 100_000  # elements looked at, and parts of the template gone through, of one rendering
MAX_BITS = 4_096  # of a computed integer
CHARACTERS = 8  # of a text that count as one element
NAME: Final = " budget"  # under which a rendering finds its own; no template can spell it


class Budget:
    """One rendering's own. Whatever it exceeds is a TemplateUnboundedError."""

    __slots__ = ("_steps", "_work", "_written")

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._work = MAX_WORK
        self._written = 0

    def step(self) -> None:
        """Count something that a template can repeat."""
        self._steps -= 1
        if self._steps < 0:
            raise TemplateUnboundedError(f"the template takes more than {MAX_STEPS} steps")

    def spend(self, work: int) -> None:
        """Count how much one of these things does."""
        self._work -= work
        if self._work < 0:
            raise TemplateUnboundedError(f"the template does more than {MAX_WORK} pieces of work")

    def write(self, length: int) -> None:
        """Count what is written, also into a variable (`{% set x %}…{% endset %}`)."""
        self._written += length
        if self._written > MAX_RENDERED:
            raise TemplateUnboundedError(f"the template renders to more than {MAX_RENDERED} characters")

    def each(self, values: Iterable[Any], work: int = 1) -> Iterator[Any]:
        """Hand on what nobody can count beforehand, counting as it comes."""
        for value in values:
            self.spend(work)
            yield value


def bounded(length: int) -> None:
    """Refuse what would be too long."""
    if length > MAX_RENDERED:
        raise TemplateUnboundedError(f"the template makes a value of more than {MAX_RENDERED} characters")


def bounded_bits(bits: int) -> None:
    """Refuse what would be too large a number."""
    if bits > MAX_BITS:
        raise TemplateUnboundedError(f"the template computes a number of more than {MAX_BITS} bits")


def size(value: Any) -> int:
    """How much there is to go through in a value."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS
    if isinstance(value, range):
        return 1 + len(value)
    if isinstance(value, list | tuple | Mapping | MappingView):
        return weigh(value, inside=False)
    return 1


def weigh(value: Any, *, inside: bool = True) -> int:
    """Count what writing the value would write; the same list inside itself many times counts each time.

    Without `inside` it is what there is to go through, not to write: texts weigh less, and what alerts and the like
    hold nothing at all; no template makes those.
    """
    heap, weight = [value], 0
    while heap:
        one = heap.pop()
        length = len(one) if isinstance(one, str | bytes | range) else 0
        weight += 1 + (length if inside or isinstance(one, range) else length // CHARACTERS)
        bounded(weight)
        if isinstance(one, Mapping):
            heap.extend(one.keys())
            heap.extend(one.values())
        elif isinstance(one, list | tuple | set | frozenset):
            heap.extend(one)
        elif isinstance(one, MappingView):
            heap.extend(tuple(one))  # type: ignore[arg-type] # every view of a mapping has its elements
        elif isinstance(one, Namespace):
            heap.append(object.__getattribute__(one, "_Namespace__attrs"))
        elif inside and isinstance(one, msgspec.Struct):
            heap.extend(getattr(one, name) for name in one.__struct_fields__)
    return weight
