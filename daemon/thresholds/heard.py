"""When tocsin was there to hear: slots that nobody closed are no proof that nothing came."""

from bisect import bisect_right

MOST = 1_000  # stretches that are remembered
KEPT = 15 * 86_400.0  # seconds; a week is compared with the week before it
ENOUGH = 0.9  # of a window: with less of it heard, it is not judged

Stretch = tuple[float, float]


class Heard:
    """Stretches of time in which every slot was closed, in order; they do not touch."""

    def __init__(self, stretches: list[Stretch] | None = None) -> None:
        self._stretches = list(stretches or [])[-MOST:]

    @property
    def until(self) -> float:
        """The end of the newest; 0 where there is none."""
        return self._stretches[-1][1] if self._stretches else 0.0

    def note(self, begin: float, end: float) -> None:
        """A slot was closed, later than all before."""
        stretches = self._stretches
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
            return
        stretches.append((begin, end))
        while len(stretches) > MOST or stretches[0][1] < end - KEPT:
            stretches.pop(0)

    def of(self, begin: float, end: float) -> float:
        """How many of these seconds were heard."""
        found = 0.0
        at = bisect_right(self._stretches, end, key=lambda one: one[0]) - 1
        while at >= 0 and self._stretches[at][1] > begin:
            first, last = self._stretches[at]
            found += min(last, end) - max(first, begin)
            at -= 1
        return found

    def since(self, end: float, seconds: float) -> float:
        """From when on so many seconds were heard until `end`; 0 where it were fewer in all."""
        for first, last in reversed(self._stretches):
            last = min(last, end)  # noqa: PLW2901 - as much of it as counts
            if last - first >= seconds:
                return last - seconds
            seconds -= max(0.0, last - first)
        return 0.0

    def cut(self, end: float) -> None:
        """Forget what is later than that: the clock was set back."""
        self._stretches = [(first, min(last, end)) for first, last in self._stretches if first < end]

    @property
    def stretches(self) -> list[Stretch]:
        """All of them, to be written down."""
        return list(self._stretches)
