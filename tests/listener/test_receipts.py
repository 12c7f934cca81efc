"""`POST /receipts/<channel>`: who may bring receipts, and what they are answered."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from behind_the_door import Daemon
from daemon.config.receipts import Receipts
from daemon.config.settings import Channel
from daemon.errors import StoreUnavailable
from daemon.handset import Report
from daemon.listener.exchange import Request
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.senders.base import Sender
from http_client import Client, Reply

Opens = Callable[..., HttpDoor]

TOKEN = "t0ken-of-receipts"


@dataclass(frozen=True, kw_only=True)
class Reporting(Sender):
    """One receipt a line."""

    heard_answer: ClassVar[bytes] = b'{"code":0,"msg":"ok"}'

    def heard(self, body: bytes) -> list[Report]:
        if not body:
            raise ValueError("the body is empty; it must be a list of receipts")
        return [Report(provider_id=line, address="1", delivered=True, code="ok") for line in body.decode().split()]


class Ear:
    unknown = 0

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.raises: Exception | None = None

    def __call__(self, channel: Channel, reports: list[Report]) -> "Ear":
        if self.raises:
            raise self.raises
        self.heard += [f"{channel.name}:{report.provider_id}" for report in reports]
        return self


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def daemon(daemon: Daemon, ear: Ear) -> Daemon:
    channels = {
        name: Channel(name=name, type="r", sender=Reporting(), receipts=receipts)
        for name, receipts in (("sms", Receipts(token=Secret(TOKEN))), ("dumb", None), ("asked", Receipts(poll=60.0)))
    }
    daemon.settings = replace(daemon.settings, channels=channels)
    daemon.hear = ear
    return daemon


Brings = Callable[..., Reply]


@pytest.fixture
def brings(door: Opens, daemon: Daemon) -> Brings:
    port = door(daemon.web()).port

    def bring(path: str, body: bytes = b"a b", **headers: str) -> Reply:
        with Client(port) as client:
            return client.request("POST", path, body, {name.replace("_", "-"): text for name, text in headers.items()})

    return bring


def test_receipts_are_taken_and_answered_as_the_provider_wants_it(brings: Brings, ear: Ear) -> None:
    answer = brings(f"/receipts/sms/{TOKEN}")
    assert (answer.status, answer.body) == (200, b'{"code":0,"msg":"ok"}')
    assert ear.heard == ["sms:a", "sms:b"]


def test_the_token_may_come_in_every_usual_way(brings: Brings, ear: Ear) -> None:
    basic = base64.b64encode(f"aliyun:{TOKEN}".encode()).decode()
    assert brings(f"/receipts/sms?token={TOKEN}").status == 200
    assert brings("/receipts/sms", authorization=f"Bearer {TOKEN}").status == 200
    assert brings("/receipts/sms", authorization=f"Basic {basic}").status == 200
    assert brings("/receipts/sms", x_tocsin_token=TOKEN).status == 200
    assert len(ear.heard) == 8


@pytest.mark.parametrize(
    "path",
    ["/receipts/sms", "/receipts/sms/wrong", f"/receipts/dumb/{TOKEN}", f"/receipts/none/{TOKEN}", "/receipts/asked/",
     f"/receipts/sms/{TOKEN}/more", f"/receipts/sms?token={TOKEN}x"],
)  # fmt: skip
def test_nobody_else_brings_receipts_or_learns_what_is_configured(brings: Brings, ear: Ear, path: str) -> None:
    answer = brings(path)
    assert answer.status == 401
    assert b"there is no such channel, or this is not the token" in answer.body
    assert not ear.heard


def test_what_cannot_be_read_is_told_with_a_sentence(brings: Brings) -> None:
    answer = brings(f"/receipts/sms/{TOKEN}", b"")
    assert answer.status == 422
    assert b"it must be a list of receipts" in answer.body


def test_a_store_that_cannot_write_has_them_sent_again(brings: Brings, ear: Ear) -> None:
    ear.raises = StoreUnavailable("the disk is full")
    answer = brings(f"/receipts/sms/{TOKEN}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_another_method_is_refused(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        assert client.request("GET", f"/receipts/sms/{TOKEN}").status == 405


def test_the_token_does_not_show_in_the_log() -> None:
    request = Request(method="POST", path=f"/receipts/sms/{TOKEN}", query="", headers={})
    assert request.shown_path == "/receipts/sms"
