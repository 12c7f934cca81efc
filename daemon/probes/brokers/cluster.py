"""A Kafka cluster as a look sees it: which broker answers for what, and what they say of groups and partitions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final

from kafka.protocol.admin import DescribeGroupsRequest, ListGroupsRequest
from kafka.protocol.consumer import ListOffsetsRequest, OffsetFetchRequest
from kafka.protocol.metadata import FindCoordinatorRequest, MetadataRequest

from daemon.clock import SystemClock
from daemon.probes.brokers.asked import Account, Address, Place
from daemon.probes.brokers.wire import Broker, connected, meaning, words
from daemon.probes.network.dial import Missed, Watch

MOST_BROKERS = 100  # connections of one look
AT_ONCE = 2_000  # partitions in one question
PAUSES: Final = (0.1, 0.3)  # seconds before what was "not now" is asked again
PATIENCE = 3  # times such a pause must be left, or there is none
END, EARLIEST = -1, -2  # what ListOffsets takes for an instant

_UNKNOWN_TOPIC = 3
# A cluster that is just electing or moving something says these; soon after it says something else.
_NOT_NOW = frozenset((3, 5, 6, 7, 13, 14, 15, 16, 74, 75, 78))
_NO_CREATION = 4  # the version of Metadata since which asking for a topic need not create it
_ALL_TOPICS = 2  # the version of OffsetFetch since which a group's topics need not be named
_NEW_GROUPS = 69  # ConsumerGroupDescribe: a broker that has it calls groups of the new kind dead when asked as we do
_DEAD = "Dead"
_PORTS = range(1, 65_536)
_OF_CONSUMERS = frozenset(("consumer", ""))


class NotNow(Missed):
    """It may be otherwise in a moment."""


_NOBODY = NotNow("nobody says who leads it")


class Cluster:
    """The brokers of one look; `stack` hangs up at its end."""

    def __init__(self, bootstrap: Sequence[Address], account: Account, watch: Watch, stack: ExitStack) -> None:
        self._account = account
        self._watch = watch
        self._stack = stack
        self._open: dict[Address, Broker | Missed] = {}
        self._brokers: dict[int, Address] = {}
        self._leaders: dict[Place, int] = {}
        self._places: dict[str, set[Place]] = {}  # by topic
        self._coordinators: dict[str, Broker] = {}
        self.wrong: dict[str, int] = {}  # topics of which the brokers say what is wrong with them
        self._first = self._any_of(bootstrap)

    def groups(self) -> tuple[set[str], list[str]]:
        """The consumer groups there are, and what kept us from seeing more."""
        found, reasons = set[str](), []
        for node in sorted(self._brokers):
            try:
                broker = self._broker(node)
                answer = broker.ask(ListGroupsRequest())
                _check(answer.error_code, f"broker {node} lists no groups")
            except Missed as missed:
                reasons.append(str(missed))
                continue
            listed = {one.group_id for one in answer.groups or () if one.protocol_type in _OF_CONSUMERS}
            self._coordinators.update(dict.fromkeys(listed, broker))  # each broker lists those that it keeps
            found |= listed
        return found, reasons

    def partitions(self, topics: Iterable[str]) -> set[Place]:
        """All partitions of these topics."""
        wanted = set(topics)
        if unknown := wanted - self._places.keys() - self.wrong.keys():
            self._learn(sorted(unknown))
        return set[Place]().union(*(self._places.get(topic, ()) for topic in wanted))

    def committed(self, group: str, places: Iterable[Place] | None) -> dict[Place, int]:
        """What a group has committed for these partitions, or for all that it has; -1 is nothing."""
        wanted = None if places is None else [_topic(OffsetFetchRequest, *of) for of in _by_topic(places).items()]

        def ask() -> dict[Place, int]:
            broker = self._coordinator(group)
            if wanted is None and broker.version(OffsetFetchRequest) < _ALL_TOPICS:
                raise Missed(f"{broker.name} is too old to list what a group reads: name the topics")
            answer = broker.ask(OffsetFetchRequest(group_id=group, topics=wanted))
            _check(answer.error_code, f"group {words(group)}")
            found = {}
            for topic in answer.topics or ():
                for one in topic.partitions or ():
                    _check(one.error_code, f"group {words(group)}, {words(topic.name)} {one.partition_index}")
                    found[topic.name, one.partition_index] = one.committed_offset
            return found

        for pause in PAUSES:
            try:
                return ask()
            except NotNow:
                self._coordinators.pop(group, None)
                if self._watch.left() < PATIENCE * pause:
                    raise
                SystemClock().sleep(pause)
        return ask()

    def members(self, groups: Iterable[str]) -> dict[str, int]:
        """How many consumers are in each of these groups, where somebody says."""
        kept: defaultdict[Broker, list[str]] = defaultdict(list)
        for group in groups:
            if group in self._coordinators:
                kept[self._coordinators[group]].append(group)
        found = {}
        for broker, names in kept.items():
            if broker.version(DescribeGroupsRequest) < 0:
                continue
            try:
                answer = broker.ask(DescribeGroupsRequest(groups=names))
            except Missed:
                continue
            for one in answer.groups or ():
                is_other = one.group_state == _DEAD and broker.knows(_NEW_GROUPS)
                if not one.error_code and not is_other:
                    found[one.group_id] = len(one.members or ())
        return found

    def offsets(self, places: Iterable[Place], instant: int) -> tuple[dict[Place, int], dict[Place, str]]:
        """Where the logs of these partitions end or begin; and of the others, why nobody knows."""
        missing, found, why = set(places), dict[Place, int](), dict[Place, Missed]()
        again = missing
        for pause in (0.0, *PAUSES):
            if pause:
                if self._watch.left() < PATIENCE * pause:
                    break
                SystemClock().sleep(pause)
                try:
                    self._learn(sorted({topic for topic, _ in again}))
                except Missed:
                    break  # what was found is no less true
            for node, led in self._led(again).items():
                for chunk in (led[at : at + AT_ONCE] for at in range(0, len(led), AT_ONCE)):
                    self._ask_leader(node, chunk, instant, found, why)
            missing -= found.keys()
            again = {place for place in missing if isinstance(why.get(place, _NOBODY), NotNow)}
            if not again:
                break
        return found, {place: str(why.get(place, _NOBODY)) for place in missing}

    def _coordinator(self, group: str) -> Broker:
        """The broker that keeps a group's commits."""
        if group not in self._coordinators:
            answer = self._first.ask(FindCoordinatorRequest(key=group))
            _check(answer.error_code, f"group {words(group)} has no coordinator")
            self._brokers.setdefault(answer.node_id, (answer.host, answer.port))
            self._coordinators[group] = self._broker(answer.node_id)
        return self._coordinators[group]

    def _ask_leader(
        self, node: int, places: list[Place], instant: int, found: dict[Place, int], why: dict[Place, Missed]
    ) -> None:
        shape = ListOffsetsRequest.ListOffsetsTopic
        asked = [
            shape(
                name=topic,
                partitions=[shape.ListOffsetsPartition(partition_index=one, timestamp=instant) for one in partitions],
            )
            for topic, partitions in _by_topic(places).items()
        ]
        try:
            answer = self._broker(node).ask(ListOffsetsRequest(topics=asked))
        except Missed as missed:
            why.update(dict.fromkeys(places, missed))
            return
        wanted = set(places)
        for topic in answer.topics or ():
            for one in topic.partitions or ():
                place = (topic.name, one.partition_index)
                if place in wanted and not one.error_code and one.offset >= 0:
                    found[place] = one.offset
                elif place in wanted:
                    about = f"broker {node} says of {words(topic.name)} {place[1]}"
                    why[place] = _missed(one.error_code, about)

    def _led(self, places: Iterable[Place]) -> dict[int, list[Place]]:
        """By leader, those that have one."""
        led = defaultdict(list)
        for place in sorted(places):
            if (node := self._leaders.get(place, -1)) >= 0:
                led[node].append(place)
        return led

    def _any_of(self, bootstrap: Sequence[Address]) -> Broker:
        """The first that answers, and knows the others."""
        reasons = []
        for address in bootstrap:
            try:
                broker = self._connected(address)
                self._know(broker.ask(_about(broker, [])))
            except Missed as missed:
                reasons.append(str(missed))
            else:
                return broker
        raise Missed("; ".join(reasons))

    def _learn(self, topics: Sequence[str]) -> None:
        """Ask who the brokers are, and who leads these topics."""
        answer = self._first.ask(_about(self._first, topics))
        self._know(answer)
        wanted = set(topics)
        for topic in answer.topics or ():
            if topic.name not in wanted:
                continue
            wanted.discard(topic.name)
            self.wrong.pop(topic.name, None)
            if topic.error_code:
                self.wrong[topic.name] = topic.error_code
                continue
            led = {(topic.name, one.partition_index): one.leader_id for one in topic.partitions or ()}
            self._places[topic.name] = set(led)
            self._leaders.update(led)
        self.wrong.update(dict.fromkeys(wanted, _UNKNOWN_TOPIC))

    def _know(self, answer: Any) -> None:
        self._brokers.update({one.node_id: (one.host, one.port) for one in answer.brokers or ()})

    def _broker(self, node: int) -> Broker:
        if node not in self._brokers:
            raise Missed(f"broker {node} is said to answer, and nobody knows it")
        host, port = self._brokers[node]
        if not host or port not in _PORTS:
            raise Missed(f"broker {node} is said to be at {words(host)!r}, port {port}")
        return self._connected((host, port))

    def _connected(self, address: Address) -> Broker:
        """One connection to each; who failed is not asked again in this look."""
        if address not in self._open:
            if len(self._open) >= MOST_BROKERS:
                raise Missed(f"there are more than {MOST_BROKERS} brokers to ask")
            try:
                self._open[address] = self._stack.enter_context(
                    connected(*address, account=self._account, watch=self._watch)
                )
            except Missed as missed:
                self._open[address] = missed
        found = self._open[address]
        if isinstance(found, Missed):
            raise found
        return found


def _about(broker: Broker, topics: Sequence[str]) -> MetadataRequest:
    """The question who the brokers are, and who leads these topics."""
    shape = MetadataRequest.MetadataRequestTopic
    # Before version 4 a topic that is asked for by name may be created by it; all of them may not.
    must_not_name = topics and broker.version(MetadataRequest) < _NO_CREATION
    named = None if must_not_name else [shape(name=topic) for topic in topics]
    return MetadataRequest(topics=named, allow_auto_topic_creation=False)


def _check(code: int, about: str) -> None:
    if code:
        raise _missed(code, about)


def _missed(code: int, about: str) -> Missed:
    return (NotNow if code in _NOT_NOW else Missed)(f"{about}: {meaning(code)}")


def _by_topic(places: Iterable[Place]) -> dict[str, list[int]]:
    by: defaultdict[str, list[int]] = defaultdict(list)
    for topic, partition in sorted(places):
        by[topic].append(partition)
    return by


def _topic(request: Any, topic: str, partitions: list[int]) -> Any:
    return request.OffsetFetchRequestTopic(name=topic, partition_indexes=partitions)
