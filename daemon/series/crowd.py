"""How many series there may be; and where there are too many, which label has so many different values."""

from collections.abc import Callable, Container, Iterable

import msgspec

from daemon.config.series import Series
from daemon.series import distinct
from daemon.series.distinct import Distinct
from daemon.series.key import Key, Labels

OTHER: Labels = (("other", "true"),)
REST = "other"  # the name of what is beyond all bounds: so many names that even their others are too many
ALL = "*"  # stands for all names together
EXAMPLES = 3
MOST_LABELS = 100  # whose values are counted: whoever makes up names of labels could bring any number of them


class Exploded(msgspec.Struct, frozen=True, kw_only=True):
    """A name that has too many series, and the label that is to blame."""

    name: str  # ALL when it is all names together
    most: int
    label: str  # empty where it has none, or it is the names that are so many
    different: int
    examples: list[str]


class _Refused(msgspec.Struct):
    """What had no room since it was last looked at."""

    values: dict[str, Distinct] = {}
    examples: dict[str, list[str]] = {}


class Crowd:
    """Counts the series of each name, but for those that take up what is beyond."""

    def __init__(self, settings: Callable[[], Series]) -> None:
        self._settings = settings
        self._numbers: dict[str, int] = {}
        self._all = 0
        self._refused: dict[str, _Refused] = {}

    def enters(self, key: Key) -> bool:
        """Count one more if there is room, and say so."""
        kept = self._settings()
        number = self._numbers.get(key.name, 0)
        is_full = self._all >= kept.most
        if is_full or number >= kept.most_per_name:
            self._refuse(ALL if is_full else key.name, key)
            return False
        self._numbers[key.name] = number + 1
        self._all += 1
        return True

    def leaves(self, key: Key) -> None:
        """One lives no more."""
        if key.labels == OTHER:
            return
        self._all -= 1
        number = self._numbers[key.name] - 1
        if number:
            self._numbers[key.name] = number
        else:
            del self._numbers[key.name]

    def has_room(self, name: str) -> bool:
        """Whether a name is below its bound."""
        kept = self._settings()
        if name == ALL:
            return self._all < kept.most
        return self._numbers.get(name, 0) < kept.most_per_name

    def refused(self, known: Iterable[Key], told: Container[str]) -> list[Exploded]:
        """The names for which there was no room since the last time. `known` are all series that there are.

        Of names that are told of already nobody asks again which label is to blame: they are not looked for in those.
        """
        found, self._refused = self._refused, {}
        new = {name: one for name, one in found.items() if name not in told}
        if new:
            for key in known:
                for name in (key.name, ALL):
                    if name in new:
                        _note(new[name], key)
        kept = self._settings()
        return [_blamed(name, kept.most if name == ALL else kept.most_per_name, one) for name, one in found.items()]

    def _refuse(self, name: str, key: Key) -> None:
        here = self._refused.get(name)
        if here is None:
            here = self._refused[name] = _Refused()
        _note(here, key)


def _note(refused: _Refused, key: Key) -> None:
    for label, value in key.labels or (("", key.name),):
        if label not in refused.values and len(refused.values) >= MOST_LABELS:
            continue
        values = refused.values.setdefault(label, set())
        values.add(distinct.hashed(value.encode(errors="replace")))
        if len(values) > 2 * distinct.MOST:
            distinct.merge(values, ())
        examples = refused.examples.setdefault(label, [])
        if len(examples) < EXAMPLES and value not in examples:
            examples.append(value)


def _blamed(name: str, most: int, refused: _Refused) -> Exploded:
    for values in refused.values.values():
        distinct.merge(values, ())
    label = max(refused.values, key=lambda one: distinct.number(refused.values[one]))
    different = round(distinct.number(refused.values[label]))
    return Exploded(name=name, most=most, label=label, different=different, examples=refused.examples[label])
