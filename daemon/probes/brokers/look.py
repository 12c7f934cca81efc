"""One look at a Kafka cluster: what the groups have committed first, and then where the logs end."""

from collections.abc import Sequence
from contextlib import ExitStack

from daemon.clock import SystemClock
from daemon.probes.brokers.asked import Place, Wanted
from daemon.probes.brokers.cluster import EARLIEST, END, Cluster
from daemon.probes.brokers.wire import meaning, words
from daemon.probes.lags.lag import Offsets
from daemon.probes.lags.told import Sight
from daemon.probes.network.dial import Missed, Watch

MOST_GROUPS = 1_000  # of those that the brokers list
RESERVE = 0.3  # of the time that is left before the groups are asked: kept to ask where the logs end

Row = tuple[str, str, int, int | None]  # group, topic, partition, commit


def seen(wanted: Wanted, watch: Watch) -> Sight:
    """Look once. Whatever is missing has its reason in what is returned; a Missed means that nothing was seen."""
    sight = Sight(knows_beginnings=True)
    with ExitStack() as stack:
        with watch.phase("metadata"):
            cluster = Cluster(wanted.bootstrap, wanted.account, watch, stack)
            groups = _groups(cluster, wanted, sight)
        rows: list[Row] = []
        with watch.phase("committed"):
            enough = watch.left() * RESERVE
            for done, group in enumerate(groups):
                if watch.left() < enough:
                    sight.reasons.append(f"{len(groups) - done} groups of {len(groups)} were not asked in time")
                    break
                rows += _committed(cluster, group, wanted, sight)
            sight.members = cluster.members(sorted({group for group, *_ in rows}))
        _say_what_is_wrong(cluster, wanted, sight)
        SystemClock().breathe()
        rows = sight.room(rows, key=lambda row: row[:3])
        with watch.phase("ends"):
            _measure(cluster, rows, wanted, sight)
    return sight


def _groups(cluster: Cluster, wanted: Wanted, sight: Sight) -> list[str]:
    if wanted.groups:
        return list(dict.fromkeys(wanted.groups))
    listed, reasons = cluster.groups()
    sight.reasons += reasons
    groups = sorted({*listed, *wanted.lingering})
    if not groups:
        raise Missed("; ".join(reasons) or "the brokers list no consumer groups")
    if (more := len(groups) - MOST_GROUPS) > 0:
        sight.remarks["more groups"] = f"{more} beyond the {MOST_GROUPS} that one look asks for"
    return groups[:MOST_GROUPS]


def _committed(cluster: Cluster, group: str, wanted: Wanted, sight: Sight) -> list[Row]:
    """What a group has committed in each partition of its topics."""
    places: set[Place] | None = cluster.partitions(wanted.topics) if wanted.topics else None
    try:
        found = {} if places == set() else cluster.committed(group, places)
        if places is None:
            topics = {topic for (topic, _), offset in found.items() if offset >= 0}
            places = cluster.partitions(topics | wanted.lingering.get(group, set()))
    except Missed as missed:
        sight.reasons.append(str(missed))
        sight.unseen += len(places or ())
        return []
    SystemClock().breathe()
    if not places:
        if wanted.groups and not wanted.topics:
            sight.reasons.append(f"group {words(group)} has committed nothing")
        return []
    commits = ((place, found.get(place, -1)) for place in places)
    return [(group, *place, commit if commit >= 0 else None) for place, commit in commits]


def _say_what_is_wrong(cluster: Cluster, wanted: Wanted, sight: Sight) -> None:
    """Topics that are named must be there; others may have been deleted since the group read them."""
    for topic, code in sorted(cluster.wrong.items()):
        if topic in wanted.topics:
            sight.reasons.append(f"topic {words(topic)}: {meaning(code)}")
        else:
            sight.remarks[f"topic {words(topic)}"] = meaning(code)


def _measure(cluster: Cluster, rows: Sequence[Row], wanted: Wanted, sight: Sight) -> None:
    """Where the logs end, and where those begin that are not read to their end."""
    ends, why = cluster.offsets({(topic, partition) for _, topic, partition, _ in rows}, END)
    sight.reasons += why.values()
    # Where a log begins matters only to those who have not read it all.
    open_ = {
        (topic, partition)
        for _, topic, partition, commit in rows
        if (end := ends.get((topic, partition))) is not None
        and (wanted.count_unread if commit is None else commit < end)
    }
    earliest, _ = cluster.offsets(open_, EARLIEST)
    SystemClock().breathe()
    for group, topic, partition, commit in rows:
        place = (topic, partition)
        if place in ends:
            sight.offsets.append(Offsets(group, topic, partition, commit, ends[place], earliest.get(place)))
        else:
            sight.unseen += 1
