"""Tencent CKafka's two APIs, asked for the offsets of a consumer group: the old signed one, and API 3.0.

Source: the documentation of GetGroupOffsets (API 2017) and of DescribeGroupOffsets (2019-08-19).
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

import msgspec

from daemon import __version__, fitting, tc3
from daemon.aside import beside
from daemon.blotted import blotted
from daemon.clock import Clock
from daemon.probes.computing import computing
from daemon.probes.fetch.answer import Answer
from daemon.probes.fetch.hop import Way, ask, basic
from daemon.probes.fetch.place import Place
from daemon.probes.network.dial import Missed, Watch
from daemon.secret import Secret

Api = Literal["v3", "v2"]

ENDPOINTS: Final[Mapping[Api, str]] = {
    "v3": "https://ckafka.tencentcloudapi.com",
    "v2": "https://ckafka.api.qcloud.com",
}
AT_ONCE = 20  # topics in one answer; the APIs give fifty at most, but of an answer no more than a megabyte is read

_PATH = "/v2/index.php"
_VERSION, _SERVICE, _TYPE = "2019-08-19", "ckafka", "application/json"
_HINTS: Final = {
    "4100": "secret_id and secret_key are not accepted",
    "4400": "there were too many calls",
    "4500": "the call is taken for a repeated one; is the clock right?",
    "5000": "something is wrong inside Tencent",
    "6000": "something is wrong inside Tencent",
}

Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


# The two APIs name the same things in two ways (log_end_offset, LogEndOffset). Here names are lower case, and run on.
class Partition(msgspec.Struct):
    """One partition. An `offset` below zero is no commit."""

    partition: Number
    offset: Number
    logendoffset: Number
    errcode: Number = 0
    errorcode: Number = 0


class Topic(msgspec.Struct):
    """One topic."""

    topic: str
    partitions: list[Partition] | None = None


class Page(msgspec.Struct):
    """Some topics, of so many."""

    totalcount: Number = 0
    topiclist: list[Topic] | None = None


class Wrong(msgspec.Struct):
    """Why API 3.0 refused."""

    code: str
    message: str | None = ""


class Response(msgspec.Struct):
    """What API 3.0 answered."""

    error: Wrong | None = None
    result: Page | None = None


class Reply(msgspec.Struct):
    """An answer: the old API's, or the envelope of the new one's."""

    code: Number | None = None
    message: str | None = ""
    codedesc: str | None = ""
    data: Page | None = None
    response: Response | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and about what."""

    secret_id: Secret
    secret_key: Secret
    region: str
    instance: str
    group: str
    topics: tuple[str, ...] = ()


class Ckafka:
    """One API at one place."""

    def __init__(self, api: Api, where: Place, way: Way, account: Account, clock: Clock) -> None:
        self._write = self._old if api == "v2" else self._new
        self._where = where
        self._way = way
        self._account = account
        self._clock = clock

    def page(self, offset: int, watch: Watch) -> Page:
        """The topics of the group from this one on; raises Missed with what the API says."""
        target, headers, body = self._write(offset)
        answer = Answer()
        ask(self._where, self._request(target, headers, body), self._way, answer, watch)
        said = f"{self._where.root} answered {answer.phrase}"
        if answer.is_capped:
            raise Missed(f"{said} with more than anybody should read")
        data = bytes(answer.body)
        try:
            reply = beside(computing(), data, lambda: read(data))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Missed(f"{said} with a body that is not the API's") from error
        if reply.response is not None:
            if (wrong := reply.response.error) is not None:
                raise self._refused(wrong.code, wrong.message or "")
            return reply.response.result or Page()
        if reply.code is None:
            raise Missed(f"{said} with a body that is not the API's")
        if reply.code:
            raise self._refused(str(reply.code), reply.message or reply.codedesc or "")
        return reply.data or Page()

    def _refused(self, code: str, message: str) -> Missed:
        words = ": ".join(part for part in (_HINTS.get(code, ""), fitting.line(message)) if part)
        account = self._account
        shown = blotted(words, [account.secret_key.reveal(), account.secret_id.reveal()])
        return Missed(f"{self._where.root} refuses with {fitting.cut(fitting.line(code), 60)}: {shown}")

    def _old(self, offset: int) -> tuple[str, dict[str, str], bytes]:
        """GetGroupOffsets."""
        account = self._account
        parameters = {
            "Action": "GetGroupOffsets",
            "Region": account.region,
            "Timestamp": str(int(self._clock.now())),
            "Nonce": str(secrets.randbelow(2**31 - 1) + 1),
            "SecretId": account.secret_id.reveal(),
            "SignatureMethod": "HmacSHA1",
            "instanceId": account.instance,
            "group": account.group,
            "offset": str(offset),
            "limit": str(AT_ONCE),
            **{f"topics.{number}": topic for number, topic in enumerate(account.topics)},
        }
        signed = signature(account.secret_key.reveal(), self._where.authority, parameters)
        query = urlencode({**parameters, "Signature": signed}, quote_via=quote)
        return f"GET {_PATH}?{query}", {}, b""

    def _new(self, offset: int) -> tuple[str, dict[str, str], bytes]:
        """DescribeGroupOffsets."""
        account, at = self._account, int(self._clock.now())
        asked: dict[str, Any] = {"InstanceId": account.instance, "Group": account.group}
        if account.topics:
            asked["Topics"] = account.topics
        body = msgspec.json.encode({**asked, "Offset": offset, "Limit": AT_ONCE})
        keys = account.secret_id.reveal(), account.secret_key.reveal()
        headers = {
            "Content-Type": _TYPE,
            "X-TC-Action": "DescribeGroupOffsets",
            "X-TC-Version": _VERSION,
            "X-TC-Timestamp": str(at),
            "X-TC-Region": account.region,
            "Authorization": tc3.authorization(*keys, _SERVICE, self._where.authority, _TYPE, body, at),
        }
        return "POST /", headers, body

    def _request(self, line: str, headers: Mapping[str, str], body: bytes) -> bytes:
        where, proxy = self._where, self._way.proxy
        written = {"Host": where.authority, "User-Agent": f"tocsin/{__version__}", "Connection": "close", **headers}
        if body:
            written["Content-Length"] = str(len(body))
        if proxy is not None and where.scheme == "http":  # the proxy reads the request itself
            line = line.replace(" /", f" {where.root}/", 1)
            if proxy.user is not None:
                written["Proxy-Authorization"] = basic(proxy.user)
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in written.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


def signature(secret_key: str, host: str, parameters: Mapping[str, str]) -> str:
    """The old API's parameter Signature for a GET. What is signed is not encoded for the URL yet."""
    pairs = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return base64.b64encode(hmac.digest(secret_key.encode(), f"GET{host}{_PATH}?{pairs}".encode(), "sha1")).decode()


def read(body: bytes) -> Reply:
    """Take an answer apart; raises MsgspecError, ValueError or RecursionError for what is none."""
    return msgspec.convert(_plain(msgspec.json.decode(body)), Reply, strict=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.replace("_", "").lower(): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
