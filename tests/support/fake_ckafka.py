"""Tencent CKafka's two APIs over a real socket: both check their signatures and give one page after the other."""

import datetime as dt
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tencentcloud.common.sign import Sign

from raw_server import serving

SECRET_ID, SECRET_KEY = "canary-id-3b1d", "canary-key-9e40"
INSTANCE, GROUP = "ckafka-test01", "billing"
NOBODY, REPLAY = 4100, 4500

Row = tuple[int, int, int]  # partition, offset, end


@dataclass
class FakeCkafka:
    """`topics` of the one group that there is. `asked` is what came; `instead` answers in place of the API."""

    port: int = 0
    topics: dict[str, list[Row]] = field(default_factory=dict)
    errors: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0
    total: int | None = None  # what it says of how many there are
    nonces: set[str] = field(default_factory=set)
    instead: Callable[[socket.socket], object] | None = None

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def speak(self, sock: socket.socket) -> None:
        head, _, body = self._request(sock)
        lines = head.split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        if self.instead is not None:
            self.instead(sock)
            return
        answer = self._old(headers, target) if method == "GET" else self._new(headers, body)
        said = json.dumps(answer).encode()
        sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said)

    def _request(self, sock: socket.socket) -> tuple[str, str, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(65_536)
        head, between, body = data.partition(b"\r\n\r\n")
        size = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(body) < size:
            body += sock.recv(65_536)
        return head.decode(), between.decode(), body

    def _old(self, headers: dict[str, str], target: str) -> dict[str, Any]:
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query, strict_parsing=True))
        self.asked.append(asked)
        signature = asked.pop("Signature")
        pairs = "&".join(f"{name}={value}" for name, value in sorted(asked.items()))
        if signature != Sign.sign(SECRET_KEY, f"GET{headers['host']}{parts.path}?{pairs}", "HmacSHA1"):
            return {"code": NOBODY, "message": f"(100004) the signature of {SECRET_ID} does not match", "codeDesc": ""}
        if asked["Nonce"] in self.nonces:
            return {"code": REPLAY, "message": "replay", "codeDesc": ""}
        self.nonces.add(asked["Nonce"])
        if self.refuses:
            return {"code": self.refuses, "message": "no", "codeDesc": "No", "data": None}
        assert asked["instanceId"] == INSTANCE
        topics = [value for name, value in sorted(asked.items()) if name.startswith("topics.")]
        listed = [
            {
                "topic": name,
                "partitions": [
                    {
                        "partition": number, "offset": offset, "metadata": "", "log_end_offset": end,
                        "err_code": self.errors.get((name, number), 0), "lag": end - offset,
                    }
                    for number, offset, end in rows
                ],
            }
            for name, rows in self._page(asked["group"], topics, int(asked["offset"]), int(asked["limit"]))
        ]  # fmt: skip
        total = self._total(asked["group"], topics)
        return {"code": 0, "message": "", "codeDesc": "Success", "data": {"totalCount": total, "topicList": listed}}

    def _new(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        asked = json.loads(body)
        self.asked.append(asked)
        at = int(headers["x-tc-timestamp"])
        date = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")
        signed = f"content-type:{headers['content-type']}\nhost:{headers['host']}\n"
        request = f"POST\n/\n\n{signed}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{date}/ckafka/tc3_request"
        to_sign = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        right = Sign.sign_tc3(SECRET_KEY, date, "ckafka", to_sign)
        if headers["authorization"] != (
            f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}, SignedHeaders=content-type;host, Signature={right}"
        ):
            return _wrong(
                "AuthFailure.SignatureFailure", f"The provided credentials {SECRET_ID} could not be validated"
            )
        if self.refuses:
            return _wrong("InternalError", "no")
        assert headers["x-tc-action"] == "DescribeGroupOffsets"
        assert headers["x-tc-version"] == "2019-08-19"
        assert asked["InstanceId"] == INSTANCE
        listed = [
            {
                "Topic": name,
                "Partitions": [
                    {
                        "Partition": number, "Offset": offset, "Metadata": None, "LogEndOffset": end,
                        "ErrorCode": self.errors.get((name, number), 0), "Lag": end - offset,
                    }
                    for number, offset, end in rows
                ],
            }
            for name, rows in self._page(asked["Group"], asked.get("Topics", []), asked["Offset"], asked["Limit"])
        ]  # fmt: skip
        total = self._total(asked["Group"], asked.get("Topics", []))
        return {"Response": {"Result": {"TotalCount": total, "TopicList": listed}, "RequestId": "a0aa"}}

    def _page(self, group: str, topics: list[str], offset: int, limit: int) -> list[tuple[str, list[Row]]]:
        assert limit <= 50
        return self._of(group, topics)[offset : offset + limit]

    def _total(self, group: str, topics: list[str]) -> int:
        return len(self._of(group, topics)) if self.total is None else self.total

    def _of(self, group: str, topics: list[str]) -> list[tuple[str, list[Row]]]:
        if group != GROUP:
            return []
        return [(name, rows) for name, rows in self.topics.items() if not topics or name in topics]


def _wrong(code: str, message: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": message}, "RequestId": "a0aa"}}


@contextmanager
def ckafka() -> Iterator[FakeCkafka]:
    """Run it."""
    fake = FakeCkafka()
    with serving(fake.speak) as port:
        fake.port = port
        yield fake
