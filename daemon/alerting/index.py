"""Which of many sets of matchers match these labels, without asking each of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from daemon.matcher import Matcher


class Index:
    """Sets of matchers, by position. A set is filed under its first `name="value"`; only the rest are always asked."""

    def __init__(self, sets: Sequence[Sequence[Matcher]]) -> None:
        self._sets = [tuple(matchers) for matchers in sets]
        self._filed: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._others: list[int] = []
        for position, matchers in enumerate(self._sets):
            equals = next((one for one in matchers if one.operator == "=" and one.value), None)
            if equals is None:
                self._others.append(position)
            else:
                self._filed[equals.name][equals.value].append(position)

    def matching(self, labels: Mapping[str, str]) -> Iterator[int]:
        """Yield, in order, the positions of the sets of which every matcher matches."""
        for position in self._candidates(labels):
            if all(matcher.matches(labels) for matcher in self._sets[position]):
                yield position

    def _candidates(self, labels: Mapping[str, str]) -> list[int]:
        found = list(self._others)
        for name, by_value in self._filed.items():
            value = labels.get(name)
            if value:
                found.extend(by_value.get(value, ()))
        found.sort()
        return found
