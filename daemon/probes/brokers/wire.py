"""One connection to a Kafka broker: what it speaks, who we are, and one question after the other.

Of the library only what it knows of Kafka's messages is used, over a socket of ours. Its clients look after connections
in loops of their own, which end when they want to and not when a look does.
"""

import functools
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import gevent
from kafka.errors import for_code
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol import admin, consumer, metadata, sasl

from daemon import fitting
from daemon.aside import beside
from daemon.clock import SystemClock
from daemon.probes.brokers.asked import Account
from daemon.probes.computing import computing
from daemon.probes.network.dial import Missed, Watch, dialled, said, secured
from daemon.probes.network.trust import Trust
from daemon.urls import host_port

MOST_READ = 8 * 1024**2  # bytes of one answer; ten thousand partitions take half a megabyte
LEAST_FRAME = 4  # the number that says which question is answered
CLIENT_ID = "tocsin"
PART = 2  # of the time that is left, one part is what a single broker may take: the others must have theirs
LONGEST_WORDS = 120  # characters of what a broker says for people

# What we ask, how it is answered, and the latest version of it that we speak: each the last one before the format
# changed, which every broker since 0.10.2 (2017) understands, those of 4.x included.
_SPOKEN: Final[dict[type, tuple[Any, int]]] = {
    metadata.ApiVersionsRequest: (metadata.ApiVersionsResponse, 0),
    metadata.MetadataRequest: (metadata.MetadataResponse, 8),
    metadata.FindCoordinatorRequest: (metadata.FindCoordinatorResponse, 2),
    consumer.OffsetFetchRequest: (consumer.OffsetFetchResponse, 5),
    consumer.ListOffsetsRequest: (consumer.ListOffsetsResponse, 5),
    admin.ListGroupsRequest: (admin.ListGroupsResponse, 2),
    admin.DescribeGroupsRequest: (admin.DescribeGroupsResponse, 4),
    sasl.SaslHandshakeRequest: (sasl.SaslHandshakeResponse, 1),
    sasl.SaslAuthenticateRequest: (sasl.SaslAuthenticateResponse, 1),
}
_SASL_FRAMED = 1  # the version of SaslHandshake since which what follows is an ordinary question
# What the library's decoders are seen to raise for bytes that are no such answer.
_UNREADABLE = (struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError)


class Broker:
    """A broker that we are connected to. Everything that it does wrong is a Missed that names it."""

    def __init__(self, sock: socket.socket, name: str, watch: Watch) -> None:
        self.name = name
        self._sock = sock
        self._watch = watch
        self._asked = 0
        self._broken: Missed | None = None
        self._speaks: dict[int, tuple[int, int]] = {}

    def meet(self, account: Account) -> None:
        """Learn what it speaks, and say who we are."""
        answer = self._exchange(metadata.ApiVersionsRequest(), 0)
        if answer.error_code:
            raise Missed(f"{self.name} does not say what it speaks: {meaning(answer.error_code)}")
        self._speaks = {one.api_key: (one.min_version, one.max_version) for one in answer.api_keys or ()}
        if account.mechanism:
            self._sign_in(account)

    def version(self, kind: type) -> int:
        """The version in which it is asked for this; -1 when it cannot be."""
        least, most = self._speaks.get(kind.API_KEY, (0, -1))  # type: ignore[attr-defined] # a property of the class
        version = min(most, _SPOKEN[kind][1])
        return version if version >= least else -1

    def knows(self, key: int) -> bool:
        """Whether it has a question of this number at all."""
        return key in self._speaks

    def ask(self, request: Any) -> Any:
        """Ask one question and return the answer."""
        version = self.version(type(request))
        if version < 0:
            raise Missed(f"{self.name} does not speak a {type(request).__name__} that we do")
        if self._broken:
            raise self._broken  # what comes of it now would be the answer to something else
        try:
            return self._exchange(request, version)
        except Missed as missed:
            self._broken = missed
            raise

    def _exchange(self, request: Any, version: int) -> Any:
        self._asked += 1
        request.API_VERSION = version
        request.with_header(correlation_id=self._asked, client_id=CLIENT_ID)
        frame = self._answered(request.encode(header=True, framed=True))
        shape = _SPOKEN[type(request)][0][version]
        try:
            answer = beside(computing(), frame, lambda: shape.decode(frame, header=True))
            number = answer.header.correlation_id
        except _UNREADABLE as error:
            raise Missed(f"{self.name}: the answer cannot be read") from error
        if number != self._asked:
            raise Missed(f"{self.name}: the answer is to something else")
        SystemClock().breathe()  # a large answer is much work for whoever asked
        return answer

    def _answered(self, question: bytes) -> bytes:
        with _within(self._watch.left() / PART, self.name):
            try:
                self._sock.sendall(question)
                size = int.from_bytes(self._exactly(4), signed=True)
                if not LEAST_FRAME <= size <= MOST_READ:
                    raise Missed(f"{self.name}: the answer is not Kafka's")
                return self._exactly(size)
            except OSError as error:
                raise Missed(f"{self.name}: {said(error)}") from error

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            more = self._sock.recv(min(size - len(data), 65_536))
            if not more:
                raise Missed(f"{self.name} closed the connection")
            data += more
        return bytes(data)

    def _sign_in(self, account: Account) -> None:
        shake = self.ask(sasl.SaslHandshakeRequest(mechanism=account.mechanism))
        if shake.error_code:
            offered = ", ".join(map(words, (shake.mechanisms or ())[:5])) or "nothing"
            raise Missed(f"{self.name} does not take {account.mechanism}, but {offered}")
        if self.version(sasl.SaslHandshakeRequest) < _SASL_FRAMED:
            raise Missed(f"{self.name} is too old for SASL as we speak it: Kafka 1.0 and later")
        user = account.user
        if account.mechanism.startswith("SCRAM"):
            user = user.replace("=", "=3D").replace(",", "=2C")  # RFC 5802
        talk = get_sasl_mechanism(account.mechanism)(
            sasl_mechanism=account.mechanism, sasl_plain_username=user, sasl_plain_password=account.password.reveal()
        )
        while not talk.is_done():
            answer = self.ask(sasl.SaslAuthenticateRequest(auth_bytes=talk.auth_bytes()))
            if answer.error_code:
                raise Missed(f"{self.name} does not let {words(account.user)} in: {meaning(answer.error_code)}")
            try:
                computing()(functools.partial(talk.receive, answer.auth_bytes))  # may hash for half a second
            except (*_UNREADABLE, AssertionError) as error:
                raise Missed(f"{self.name} cannot prove that it knows the password") from error
        if not talk.is_authenticated():
            raise Missed(f"{self.name} does not let {words(account.user)} in")


@contextmanager
def connected(host: str, port: int, account: Account, watch: Watch) -> Iterator[Broker]:
    """Connect and introduce ourselves; hang up at the end."""
    name = host_port(words(host), port)
    limit = watch.left() / PART
    own = Watch(limit, SystemClock())  # the look's own phases are not those of one broker
    with ExitStack() as stack:
        with _within(limit, name):
            try:
                sock = stack.enter_context(dialled(host, port, own))
                if account.is_tls:
                    sock = stack.enter_context(secured(sock, host, Trust(ca_file=account.ca_file), own))
            except (OSError, Missed) as error:
                why = said(error) if isinstance(error, OSError) else str(error)
                raise Missed(why if name in why else f"{name}: {why}") from error
        broker = Broker(sock, name, watch)
        broker.meet(account)
        yield broker


@contextmanager
def _within(limit: float, name: str) -> Iterator[None]:
    """Wait for a broker no longer than that."""
    timer = gevent.Timeout(limit)
    try:
        with timer:
            yield
    except gevent.Timeout as late:
        if late is not timer:
            raise
        raise Missed(f"{name}: no answer within {limit:.3g}s") from None


def meaning(code: int) -> str:
    """What a number means that a broker gives as its reason."""
    known = for_code(code)
    return f"{str(getattr(known, 'message', None) or known.__name__).lower().replace('_', ' ')} ({code})"


def words(text: str) -> str:
    """What a broker says, as people are shown it."""
    return fitting.cut(fitting.line(text), LONGEST_WORDS)
