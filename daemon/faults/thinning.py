"""Which of the errors that are kept whole go when there are too many: the frequent become few, the rare stay."""

from collections.abc import Sequence

from daemon.store.fault_samples import Kept


def thinned(kept: Sequence[Kept], most: int) -> list[int]:
    """The ids of those that go, from those of one error in the order in which they came.

    The first and the newest always stay. Of the others the one goes without which the rest are spread most evenly: that
    whose neighbours lie closest together. What came in a burst so becomes few, what came a day apart stays.
    """
    left = sorted(kept[1:-1], key=lambda one: (one.at, one.id))
    gone = []
    while left and len(left) + 2 > most:
        ends = (min(kept[0].at, left[0].at), max(kept[-1].at, left[-1].at))
        times = [ends[0], *(one.at for one in left), ends[1]]
        closest = min(range(len(left)), key=lambda index: times[index + 2] - times[index])
        gone.append(left.pop(closest).id)
    return gone
