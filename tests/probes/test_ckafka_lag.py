"""The lag of a consumer group as Tencent's APIs tell it, also when they refuse, are slow, or are no APIs at all."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gevent.event import Event as Signal

from daemon.probes.ckafka_lag import CkafkaLag
from daemon.probes.lags.ckafka_api import signature
from daemon.reading import Health, Past, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from fake_ckafka import GROUP, INSTANCE, SECRET_ID, SECRET_KEY, FakeCkafka, ckafka
from fake_proxy import FakeProxy

NOW = 1_795_222_800.0
MINUTE = 60.0
APIS = pytest.mark.parametrize("api", ["v2", "v3"])


@pytest.fixture
def fake() -> Iterator[FakeCkafka]:
    with ckafka() as running:
        running.topics = {"orders": [(0, 120, 150), (1, 7, 7)], "mails": [(0, -1, 40)]}
        yield running


def probe(fake: FakeCkafka, api: str = "v3", **more: Any) -> CkafkaLag:
    settings = {
        "instance": INSTANCE,
        "group": GROUP,
        "region": "gz" if api == "v2" else "ap-guangzhou",
        "secret_id": Secret(SECRET_ID),
        "secret_key": Secret(SECRET_KEY),
        "endpoint": fake.url(),
        "timeout": Seconds(2),
    }
    return CkafkaLag(api=api, **{**settings, **more})  # type: ignore[arg-type]


def look(fake: FakeCkafka, api: str = "v3", **more: Any) -> Reading:
    return probe(fake, api, **more).look_on(Past(now=NOW))


def test_the_known_vector_of_the_old_signature() -> None:
    parameters = {
        "Action": "GetGroupOffsets",
        "Nonce": "345122",
        "Region": "gz",
        "SecretId": "AKIDexample",
        "SignatureMethod": "HmacSHA1",
        "Timestamp": "1795222800",
        "group": "g1",
        "instanceId": "ckafka-test01",
        "topics.0": "orders",
    }
    assert signature("SKexample", "ckafka.api.qcloud.com", parameters) == "PujS7TfxKiLcFGzOmF55oJWq1S4="


@APIS
def test_the_figures_are_exact(fake: FakeCkafka, api: str) -> None:
    reading = look(fake, api)
    assert reading.health is Health.UP
    assert reading.detail == "advancing, lag 30 in 2 partitions, no commit in 1"
    assert reading.values == {
        "shape": "advancing",
        "lag": 30,
        "lag.max": 30,
        "lag.of": {"billing": 30, "billing/orders": 30},
        "partitions": 3,
        "uncommitted": 1,
        "unseen": 0,
    }
    assert set(reading.values) == set(CkafkaLag.GIVES)
    assert list(reading.phases) == ["resolve", "connect", "first_byte", "download"]


@APIS
def test_only_the_topics_that_are_named_are_asked_for(fake: FakeCkafka, api: str) -> None:
    assert look(fake, api, topics=("mails", "other/&= topic")).values["partitions"] == 1


@APIS
def test_a_group_that_does_not_move_is_down(fake: FakeCkafka, api: str) -> None:
    told = probe(fake, api, window=Seconds(2 * MINUTE))
    notes = b""
    for minute in range(3):
        reading = told.look_on(Past(now=NOW + minute * MINUTE, notes=notes))
        notes = reading.notes or b""
    assert reading.health is Health.DOWN
    assert reading.detail == "billing/orders 0 stalled: lag 30, commit 120 for 2m"


@APIS
def test_the_apis_own_lag_is_not_believed(fake: FakeCkafka, api: str) -> None:
    fake.topics = {"orders": [(0, 150, 120)]}
    reading = look(fake, api)
    assert reading.values["lag"] == 0
    assert reading.values["shape"] == "rewound"


@APIS
def test_all_pages_are_asked_for(fake: FakeCkafka, api: str) -> None:
    fake.topics = {f"topic-{number:03}": [(0, number, 100)] for number in range(45)}
    reading = look(fake, api)
    assert reading.values["partitions"] == 45
    assert reading.values["lag"] == sum(100 - number for number in range(45))
    assert len(fake.asked) == 3
    assert reading.health is Health.UP


@APIS
@pytest.mark.parametrize("total", [46, 10**9, 10**18])
def test_pages_that_never_come_are_not_waited_for(fake: FakeCkafka, api: str, total: int) -> None:
    fake.total = total
    reading = look(fake, api)
    assert len(fake.asked) == 2
    assert reading.health is Health.DEGRADED
    assert reading.detail.endswith(f"the API showed 2 topics of {total}")


@APIS
def test_a_partition_with_an_error_leaves_the_others(fake: FakeCkafka, api: str) -> None:
    fake.errors["orders", 1] = 15
    reading = look(fake, api)
    assert reading.health is Health.DEGRADED
    assert reading.detail == "advancing, lag 30 in 1 partition, no commit in 1; orders 1: error 15"
    assert reading.values["unseen"] == 1


@APIS
def test_a_group_that_has_committed_nothing_is_down(fake: FakeCkafka, api: str) -> None:
    reading = look(fake, api, group="nobody")
    assert reading.health is Health.DOWN
    assert reading.detail == "group nobody has committed nothing"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (4100, "secret_id and secret_key are not accepted: "),
        (4400, "there were too many calls: "),
        (4500, "the call is taken for a repeated one; is the clock right?: "),
        (5000, "something is wrong inside Tencent: "),
        (6000, "something is wrong inside Tencent: "),
        (-7, ""),
    ],
)
def test_a_code_is_said_with_what_it_means_and_the_call_is_not_repeated(fake: FakeCkafka, code: int, hint: str) -> None:
    fake.refuses = code
    reading = look(fake, "v2")
    assert reading.health is Health.UNKNOWN  # nobody knows how the group is
    assert reading.detail == f"{fake.url()} refuses with {code}: {hint}no"
    assert len(fake.asked) == 1


@APIS
def test_a_wrong_key_is_said_and_shows_nothing(fake: FakeCkafka, api: str) -> None:
    reading = look(fake, api, secret_key=Secret("canary-wrong"))
    assert reading.health is Health.UNKNOWN
    code = "4100" if api == "v2" else "AuthFailure.SignatureFailure"
    assert reading.detail.startswith(f"{fake.url()} refuses with {code}: ")
    assert "canary" not in reading.detail


def saying(head: bytes, body: bytes = b"") -> Callable[[socket.socket], object]:
    return lambda sock: sock.sendall(head + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)


OK = b"HTTP/1.1 200 OK"


@APIS
@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        (lambda _: None, "the connection was closed without an answer"),
        (lambda sock: sock.sendall(b"\x15\x03\x01\0\x02\x02\x28 no"), "the answer is not HTTP"),
        (saying(OK, b"<html>Please log in</html>"), "answered 200 OK with a body that is not the API's"),
        (saying(b"HTTP/1.1 502 Bad Gateway", b"<html>"), "answered 502 Bad Gateway with a body that is not the API's"),
        (saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/", b""), "answered 302 Found with a body that"),
        (saying(OK, b""), "with a body that is not the API's"),
        (saying(OK, b"null"), "with a body that is not the API's"),
        (saying(OK, b"[]"), "with a body that is not the API's"),
        (saying(OK, b"{}"), "with a body that is not the API's"),
        (saying(OK, b'{"Response": 5}'), "with a body that is not the API's"),
        (saying(OK, b"\xff\xfe{"), "with a body that is not the API's"),
        (saying(OK, b"[" * 200_000), "with a body that is not the API's"),
        (saying(OK, b'{"a":' * 100_000), "with a body that is not the API's"),
        (saying(OK, b'{"code":0,"data":{"totalCount":1,"topicList":[{"topic":"t","partitions":[{"partition":0}]}]}}'),
         "with a body that is not the API's"),
        (saying(OK, b'{"code":0,"data":{"totalCount":1,"topicList":[{"topic":"t","partitions":[{"partition":0,'
                    b'"offset":1' + b"0" * 400 + b',"log_end_offset":1}]}]}}'), "with a body that is not the API's"),
        (saying(OK, b" " * 10_000_000), "with more than anybody should read"),
        (lambda sock: sock.sendall(OK + b"\r\nContent-Length: 100\r\n\r\n{}"), "but the body was cut short 98 bytes"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_unknown_with_a_reason(
    fake: FakeCkafka, api: str, instead: Callable[[socket.socket], object], reason: str
) -> None:
    fake.instead = instead
    reading = look(fake, api)
    assert reading.health is Health.UNKNOWN
    assert reason in reading.detail
    assert len(reading.detail) < 200
    assert not reading.values


def test_an_api_that_is_slow_ends_with_the_time(fake: FakeCkafka) -> None:
    forever = Signal()
    fake.instead = lambda _: forever.wait()
    reading = look(fake, timeout=Seconds(0.2))
    assert reading.health is Health.UNKNOWN
    assert reading.detail == "no answer within 0.2s, stuck at first byte"


def test_an_api_that_is_not_there_is_unknown() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        reading = look(FakeCkafka(port=unused.getsockname()[1]))
    assert reading.health is Health.UNKNOWN
    assert reading.detail.startswith("connection refused")


def test_numbers_in_quotes_are_numbers(fake: FakeCkafka) -> None:
    body = (
        b'{"Response":{"Result":{"TotalCount":"1","TopicList":[{"Topic":"t","Partitions":'
        b'[{"Partition":"0","Offset":"3","LogEndOffset":"9"}]}]}}}'
    )
    fake.instead = saying(OK, body)
    assert look(fake).values["lag"] == 6


@APIS
def test_through_a_proxy(fake: FakeCkafka, api: str) -> None:
    with FakeProxy(to=("127.0.0.1", fake.port)) as proxy:
        assert look(fake, api, proxy=Secret(proxy.url)).values["lag"] == 30
        assert f" {fake.url()}/" in proxy.heads[0]
        refused = look(fake, api, proxy=Secret(proxy.place))
    assert refused.health is Health.UNKNOWN
    assert "407 Proxy Authentication Required" in refused.detail


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"instance": " "}, "instance ' ' is empty"),
        ({"group": ""}, "group '' is empty"),
        ({"region": "gz\r\nX: y"}, "holds what nobody can print"),
        ({"secret_id": Secret("")}, "secret_id or secret_key is empty"),
        ({"secret_key": Secret("")}, "secret_id or secret_key is empty"),
        ({"endpoint": "ckafka.example.com"}, "endpoint is not a URL"),
        ({"endpoint": "https://ckafka.example.com/v2"}, "endpoint has more in it"),
        ({"endpoint": "https://user:canary-p@ckafka.example.com"}, "endpoint has more in it"),
        ({"proxy": Secret("https://canary-p@proxy")}, "proxy is no proxy"),
    ],
)
def test_what_can_never_be_asked_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        probe(FakeCkafka(port=1), **settings)
    assert "canary" not in str(error.value)


def test_each_api_has_its_own_place_and_no_secret_shows() -> None:
    known = {"secret_id": Secret(SECRET_ID), "secret_key": Secret(SECRET_KEY), "proxy": Secret("http://u:canary@p")}
    told = CkafkaLag(instance=INSTANCE, group=GROUP, region="gz", api="v2", **known)
    assert told._place.host == "ckafka.api.qcloud.com"
    assert CkafkaLag(instance=INSTANCE, group=GROUP, region="r", **known)._place.host == "ckafka.tencentcloudapi.com"
    assert told.target() == "ckafka-test01, billing"
    assert "canary" not in repr(told)
