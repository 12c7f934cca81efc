"""A small Kafka cluster: brokers on ports of their own that answer what is asked about groups and offsets."""

import base64
import hashlib
import hmac
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from gevent.server import StreamServer
from kafka.protocol import admin, consumer, metadata, sasl

NO_ERROR, UNKNOWN_TOPIC, NOT_LEADER, NOT_COORDINATOR = 0, 3, 6, 16
BAD_MECHANISM, BAD_PASSWORD = 33, 58
END = -1

KINDS: dict[int, tuple[Any, Any]] = {
    request.API_KEY: (request, getattr(module, request.__name__.replace("Request", "Response")))
    for module, request in (
        (metadata, metadata.ApiVersionsRequest),
        (metadata, metadata.MetadataRequest),
        (metadata, metadata.FindCoordinatorRequest),
        (consumer, consumer.OffsetFetchRequest),
        (consumer, consumer.ListOffsetsRequest),
        (admin, admin.ListGroupsRequest),
        (admin, admin.DescribeGroupsRequest),
        (sasl, sasl.SaslHandshakeRequest),
        (sasl, sasl.SaslAuthenticateRequest),
    )
}


@dataclass
class Log:
    """One partition."""

    leader: int
    end: int = 0
    earliest: int = 0
    error: int = NO_ERROR


@dataclass
class Group:
    """One consumer group."""

    coordinator: int = 1
    commits: dict[tuple[str, int], int] = field(default_factory=dict)
    protocol: str = "consumer"
    state: str = "Stable"
    members: int = 1
    error: int = NO_ERROR


class FakeKafka:
    """What all brokers know, and how each of them misbehaves. `asked` is what came, in order."""

    def __init__(self) -> None:
        self.ports: dict[int, int] = {}  # by node
        self.topics: dict[str, dict[int, Log]] = {}
        self.groups: dict[str, Group] = {}
        self.most = {key: (0, request.max_version) for key, (request, _) in KINDS.items()}  # versions
        self.users: dict[str, str] = {}
        self.mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
        self.asked: list[tuple[int, str, Any]] = []
        self.instead: dict[tuple[int, str], Callable[[socket.socket, bytes], object]] = {}  # of an answer
        self.servers: dict[int, StreamServer] = {}

    def address(self, node: int) -> str:
        return f"127.0.0.1:{self.ports[node]}"

    @property
    def bootstrap(self) -> tuple[str, ...]:
        return tuple(map(self.address, sorted(self.ports)))

    def names(self, node: int = 0) -> list[str]:
        """What was asked, of one node or of all."""
        return [name for asked, name, _ in self.asked if node in {0, asked}]

    def serve(self, node: int, sock: socket.socket) -> None:
        """Answer on one connection until it ends."""
        talk = Talk(self)
        while (frame := _frame(sock)) is not None:
            key, version = int.from_bytes(frame[:2]), int.from_bytes(frame[2:4])
            length = int.from_bytes(frame[8:10])
            request_kind, response_kind = KINDS[key]
            name = request_kind.__name__.removesuffix("Request")
            asked = request_kind[version].decode(frame[10 + length :])
            self.asked.append((node, name, asked))
            answer = response_kind(version=version, **getattr(talk, name)(node, asked))
            answer.with_header(correlation_id=int.from_bytes(frame[4:8]))
            whole = answer.encode(header=True, framed=True)
            if (node, name) in self.instead:
                self.instead[node, name](sock, whole)
            else:
                sock.sendall(whole)


class Talk:
    """One connection's answers, as the fields of the response."""

    def __init__(self, cluster: FakeKafka) -> None:
        self._cluster = cluster
        self._scram: list[bytes] = []
        self._mechanism = ""

    def ApiVersions(self, _node: int, _asked: Any) -> dict[str, Any]:  # noqa: N802 - Kafka's name
        shape = metadata.ApiVersionsResponse.ApiVersion
        versions = self._cluster.most.items()
        return {"api_keys": [shape(api_key=key, min_version=low, max_version=top) for key, (low, top) in versions]}

    def Metadata(self, _node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        shape = metadata.MetadataResponse
        cluster = self._cluster
        brokers = [
            shape.MetadataResponseBroker(node_id=node, host="127.0.0.1", port=port)
            for node, port in cluster.ports.items()
        ]
        topics = []
        for name in cluster.topics if asked.topics is None else [one.name for one in asked.topics]:
            logs = cluster.topics.get(name)
            partitions = [
                shape.MetadataResponseTopic.MetadataResponsePartition(
                    error_code=0, partition_index=number, leader_id=log.leader, replica_nodes=[1], isr_nodes=[1]
                )
                for number, log in (logs or {}).items()
            ]
            error = NO_ERROR if logs else UNKNOWN_TOPIC
            topics.append(shape.MetadataResponseTopic(error_code=error, name=name, partitions=partitions))
        return {"brokers": brokers, "topics": topics}

    def FindCoordinator(self, _node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        node = self._cluster.groups.get(asked.key, Group()).coordinator
        return {"error_code": 0, "node_id": node, "host": "127.0.0.1", "port": self._cluster.ports.get(node, 1)}

    def OffsetFetch(self, node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        group = self._cluster.groups.get(asked.group_id, Group())
        error = group.error or (NO_ERROR if group.coordinator == node else NOT_COORDINATOR)
        if asked.topics is None:
            wanted = sorted(group.commits)
        else:
            wanted = [(topic.name, one) for topic in asked.topics for one in topic.partition_indexes]
        shape = consumer.OffsetFetchResponse.OffsetFetchResponseTopic
        topics: dict[str, list[Any]] = {}
        for topic, number in wanted:
            topics.setdefault(topic, []).append(
                shape.OffsetFetchResponsePartition(
                    partition_index=number, committed_offset=group.commits.get((topic, number), -1), metadata=""
                )
            )
        return {"error_code": error, "topics": [shape(name=name, partitions=of) for name, of in topics.items()]}

    def ListOffsets(self, node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        shape = consumer.ListOffsetsResponse.ListOffsetsTopicResponse
        topics = []
        for topic in asked.topics:
            partitions = []
            for one in topic.partitions:
                log = self._cluster.topics[topic.name][one.partition_index]
                error = log.error or (NO_ERROR if log.leader == node else NOT_LEADER)
                offset = log.end if one.timestamp == END else log.earliest
                partitions.append(
                    shape.ListOffsetsPartitionResponse(
                        partition_index=one.partition_index, error_code=error, offset=-1 if error else offset
                    )
                )
            topics.append(shape(name=topic.name, partitions=partitions))
        return {"topics": topics}

    def ListGroups(self, node: int, _asked: Any) -> dict[str, Any]:  # noqa: N802
        shape = admin.ListGroupsResponse.ListedGroup
        groups = self._cluster.groups.items()
        listed = [
            shape(group_id=name, protocol_type=group.protocol) for name, group in groups if group.coordinator == node
        ]
        return {"error_code": 0, "groups": listed}

    def DescribeGroups(self, _node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        shape = admin.DescribeGroupsResponse.DescribedGroup
        described = []
        for name in asked.groups:
            group = self._cluster.groups.get(name, Group(state="Dead", members=0))
            members = [
                shape.DescribedGroupMember(
                    member_id=str(number), client_id="c", client_host="h", member_metadata=b"", member_assignment=b""
                )
                for number in range(group.members)
            ]
            described.append(
                shape(
                    group_id=name, group_state=group.state, members=members, protocol_type="consumer", protocol_data=""
                )
            )
        return {"groups": described}

    def SaslHandshake(self, _node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        self._mechanism = asked.mechanism
        error = NO_ERROR if asked.mechanism in self._cluster.mechanisms else BAD_MECHANISM
        return {"error_code": error, "mechanisms": self._cluster.mechanisms}

    def SaslAuthenticate(self, _node: int, asked: Any) -> dict[str, Any]:  # noqa: N802
        answer = self._plain if self._mechanism == "PLAIN" else self._salted
        error, said = answer(asked.auth_bytes)
        return {"error_code": error, "error_message": "Authentication failed", "auth_bytes": said}

    def _plain(self, token: bytes) -> tuple[int, bytes]:
        _, user, password = token.decode().split("\0")
        return (NO_ERROR if self._cluster.users.get(user) == password else BAD_PASSWORD), b""

    def _salted(self, token: bytes) -> tuple[int, bytes]:
        """RFC 5802, the server's side."""
        said = dict(part.split("=", 1) for part in token.decode().split(",") if "=" in part)
        if not self._scram:
            bare = token.removeprefix(b"n,,")
            first = f"r={said['r']}server,s={base64.b64encode(b'salt').decode()},i=4096".encode()
            self._scram = [said["n"].replace("=2C", ",").replace("=3D", "=").encode(), bare, first]
            return NO_ERROR, first
        user, bare, first = self._scram
        name = self._mechanism.removeprefix("SCRAM-").replace("-", "").lower()
        password = self._cluster.users.get(user.decode(), os.urandom(9).hex())
        salted = hashlib.pbkdf2_hmac(name, password.encode(), b"salt", 4096)
        whole = b",".join([bare, first, f"c={said['c']},r={said['r']}".encode()])
        key = hmac.digest(salted, b"Client Key", name)
        signature = hmac.digest(hashlib.new(name, key).digest(), whole, name)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        if base64.b64decode(said["p"]) != proof:
            return BAD_PASSWORD, b""
        proven = hmac.digest(hmac.digest(salted, b"Server Key", name), whole, name)
        return NO_ERROR, b"v=" + base64.b64encode(proven)


def _frame(sock: socket.socket) -> bytes | None:
    size = _exactly(sock, 4)
    return _exactly(sock, int.from_bytes(size)) if size else None


def _exactly(sock: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


@contextmanager
def kafka(nodes: int = 3, tls: ssl.SSLContext | None = None) -> Iterator[FakeKafka]:
    """Run so many brokers."""
    cluster = FakeKafka()

    def handler(node: int) -> Callable[[socket.socket, object], None]:
        def handle(sock: socket.socket, _address: object) -> None:
            with suppress(OSError), sock, tls.wrap_socket(sock, server_side=True) if tls else sock as spoken:
                cluster.serve(node, spoken)

        return handle

    for node in range(1, nodes + 1):
        cluster.servers[node] = StreamServer(("127.0.0.1", 0), handler(node))
        cluster.servers[node].start()
        cluster.ports[node] = int(cluster.servers[node].server_port or 0)
    try:
        yield cluster
    finally:
        for server in cluster.servers.values():
            server.stop(timeout=1)
