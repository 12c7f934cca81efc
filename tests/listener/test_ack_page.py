"""The page behind a signed link, over a real socket: who may, who may not, and what changes nothing."""

import base64
import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html import unescape
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest

import made
from behind_the_door import Daemon
from daemon import telemetry
from daemon.alerting.acknowledge import Acks
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.answers import Acknowledge, Links
from daemon.config.wording import Texts
from daemon.links import ack_url
from daemon.listener.ackhtml import _STYLE, choices, language
from daemon.listener.ackpage import MOST_BAD
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.store import acks, alerts
from daemon.store.acks import Ack
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from daemon.zone import Zone
from fake_clock import FakeClock
from http_client import Client, Reply, ask

Opens = Callable[..., HttpDoor]
SECRET = "a secret of enough letters"
LINKS = Links(base="https://alarm.example.com", secret=Secret(SECRET))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Box:
    """A door with the page behind it, and an open alert."""

    def __init__(self, store: SqliteStore, clock: FakeClock, daemon: Daemon, door: Opens) -> None:
        self.store, self.clock, self.daemon = store, clock, daemon
        daemon.settings = replace(made.settings(), links=LINKS)
        daemon.acks = Acks(store, clock, lambda: Rules(daemon.settings))
        self.intake = Intake(store, clock, lambda: Rules(daemon.settings))
        self.intake.events([made.event()])
        self.port = door(daemon.web()).port

    def path(self, person: str = "lin", alert_id: int = 1, links: Links = LINKS) -> str:
        alert = self.store.read(lambda tx: alerts.get(tx, alert_id))
        assert alert is not None
        return ack_url(links, alert, person, self.clock.now()).removeprefix("https://alarm.example.com")

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        return ask(self.port, method, path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> Reply:
        return ask(self.port, "POST", path, urlencode(form).encode(), FORM | (headers or {}))

    def acked(self) -> Ack | None:
        return self.store.read(lambda tx: acks.get(tx, 1))


@pytest.fixture
def box(store: SqliteStore, clock: FakeClock, daemon: Daemon, door: Opens) -> Box:
    return Box(store, clock, daemon, door)


def text(reply: Reply) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", reply.body.decode(), flags=re.DOTALL))


def test_a_link_shows_the_alert_and_a_form(box: Box) -> None:
    box.clock.advance(750)
    reply = box.get(box.path())
    assert reply.status == 200
    shown = text(reply)
    for words in ("Disk full", "(A1)", "error", "open", "12 min ago", "shop", "nobody has acknowledged it"):
        assert words in shown
    assert "Acknowledge as lin" in shown
    assert b"<script" not in reply.body


def test_post_acknowledges_and_leads_back_to_the_page(box: Box) -> None:
    path = box.path()
    reply = box.post(path, **{"for": "2h", "comment": "on my way"})
    assert (reply.status, reply.headers["location"], reply.body) == (303, path.removeprefix("/ack/"), b"")
    now = box.clock.now()
    assert box.acked() == Ack(
        alert_id=1, author="lin", comment="on my way", via="link", at=now, until=now + 7_200, remind_at=now + 6_300
    )
    shown = text(box.get(path))
    assert "lin until" in shown
    assert "on my way" in shown
    assert "Prolong as lin" in shown


def test_times_are_those_of_the_texts_and_durations_are_in_the_readers_language(box: Box) -> None:
    shanghai = Texts(time_zone=Zone("Asia/Shanghai"))
    box.daemon.settings = replace(box.daemon.settings, texts=shanghai)
    box.clock.advance(750)
    reply = box.get(box.path(), accept_language="zh-CN")
    begun = datetime.fromtimestamp(box.clock.now() - 750, ZoneInfo("Asia/Shanghai"))
    assert f"{begun:%Y-%m-%d %H:%M} CST (12分钟前)" in text(reply)
    assert '<option value="14400s" selected>4小时</option>' in reply.body.decode()


def test_whoever_opens_the_link_sees_at_once_that_it_is_acknowledged(box: Box) -> None:
    path, tag = box.path(), b'<span class="tag acked">acknowledged</span>'
    assert tag not in box.get(path).body
    box.post(path, **{"for": "2h"})
    assert tag in box.get(path).body
    assert "Take it over as wang" in text(box.get(box.path("wang")))
    assert "<button>Take it over</button>" in box.get(box.path("")).body.decode()


def test_what_came_of_links_is_counted(box: Box) -> None:
    def counted() -> dict[str, float]:
        (metric,) = telemetry.ack_links.collect()
        return {one.labels["outcome"]: one.value for one in metric.samples}

    before, path = counted(), box.path()
    for one in (path, changed(path, 20), "/ack/x"):
        box.get(one)
    box.post(path)
    moved = {outcome: value - before.get(outcome, 0.0) for outcome, value in counted().items()}
    assert {outcome for outcome, value in moved.items() if value == 1} == {
        "shown", "forged", "mangled", "acknowledged",
    }  # fmt: skip


def test_looking_changes_nothing_however_often(box: Box) -> None:
    path = box.path()
    before = box.store.read(lambda tx: tx.all("SELECT * FROM trace"))
    for method in ("GET", "HEAD") * 20:
        assert box.get(path, method).status == 200
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        assert box.get(path, method).status == 405
    assert box.acked() is None
    assert box.store.read(lambda tx: tx.all("SELECT * FROM trace")) == before


def test_head_is_the_page_without_its_body(box: Box) -> None:
    reply, head = box.get(box.path()), box.get(box.path(), "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", reply.headers["content-length"])


def changed(path: str, position: int) -> str:
    return path[:position] + ("A" if path[position] != "A" else "B") + path[position + 1 :]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_what_is_not_signed_by_us_opens_nothing(box: Box, method: str) -> None:
    other = replace(LINKS, secret=Secret("another secret of enough"))
    forged = [box.path(links=other), *(changed(box.path(), n) for n in (5, 8, 12, 20, 30, -2))]
    mangled = ["/ack/x", "/ack/" + "A" * 5_000, box.path()[:-3], f"/ack/{quote('确认')}", "/ack/%00%ff"]
    for path in forged:
        assert (path, box.get(path, method).status) == (path, 403)
    for path in mangled:
        assert (path, box.get(path, method).status) in {(path, 404), (path, 403)}
    assert box.acked() is None


def test_a_link_cannot_be_turned_into_another_person_s(box: Box) -> None:
    """The payload of wang's with the signature of lin's, and a form that names somebody else."""

    def raw(person: str) -> bytes:
        token = box.path(person).removeprefix("/ack/")
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))

    mixed = base64.urlsafe_b64encode(raw("wang")[:-16] + raw("lin")[-16:]).rstrip(b"=").decode()
    assert box.post(f"/ack/{mixed}").status == 403
    assert box.acked() is None
    box.post(box.path("lin"), name="wang", author="wang", person="wang")
    acked = box.acked()
    assert acked is not None
    assert acked.author == "lin"


def test_somebody_who_is_configured_no_more_cannot_acknowledge(box: Box) -> None:
    path = box.path("lin")
    box.daemon.settings = replace(box.daemon.settings, people={})
    assert (box.get(path).status, box.post(path).status) == (403, 403)
    assert box.acked() is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_expired_link_says_so(box: Box, method: str) -> None:
    path = box.path()
    box.clock.advance(86_400 - 1)
    assert box.get(path).status == 200
    box.clock.advance(601)
    reply = box.get(path, method)
    assert reply.status == 410
    assert "This link has expired" in text(reply)
    assert box.acked() is None


def test_an_alarm_that_is_over_is_shown_as_over_and_takes_nothing(box: Box) -> None:
    path = box.path()
    box.intake.events([made.event(state="resolved")])
    reply = box.get(path)
    assert reply.status == 200
    assert "It ended 2026-11-21" in text(reply)
    assert b"<form" not in reply.body
    assert box.post(path).status == 409
    assert box.acked() is None


def test_an_alarm_that_is_not_kept_any_more_is_gone(box: Box) -> None:
    path = box.path()
    box.store.write(lambda tx: tx.run("DELETE FROM alerts"))
    assert (box.get(path).status, box.post(path).status) == (410, 410)


def test_the_same_number_of_another_store_is_gone_too(box: Box) -> None:
    path = box.path()
    box.store.write(lambda tx: tx.run("UPDATE alerts SET fingerprint = 'another'"))
    assert (box.get(path).status, box.post(path).status) == (410, 410)


def test_without_links_in_the_configuration_there_is_no_page(box: Box) -> None:
    path = box.path()
    box.daemon.settings = replace(box.daemon.settings, links=None)
    assert (box.get(path).status, box.post(path).status) == (404, 404)


@pytest.mark.parametrize("wrong", ["soon", "0", "-1h", "25h", "nan", "9" * 3_000, "1h; DROP TABLE", "\x00"])
def test_a_time_that_cannot_be_chosen_is_said_on_the_page(box: Box, wrong: str) -> None:
    reply = box.post(box.path(), **{"for": wrong})
    assert (reply.status, box.acked()) == (400, None)
    assert "That is no time that can be chosen here." in text(reply)
    assert b"<form" in reply.body


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"for=" + b"x" * 20_000, FORM, 413),
        (b'{"for": "2h"}', {"Content-Type": "application/json"}, 415),
        (b"for=2h", {}, 415),
        (b"for=\xff\xfe", FORM, 400),
        (b"&".join(b"a%d=1" % n for n in range(50)), FORM, 400),
        (b"x" * 2_000_000, FORM, 413),
    ],
)
def test_a_body_that_is_no_form_of_ours_acknowledges_nothing(
    box: Box, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert ask(box.port, "POST", box.path(), body, headers).status == status
    assert box.acked() is None


def test_an_empty_form_takes_it_on_for_the_usual_time(box: Box) -> None:
    assert ask(box.port, "POST", box.path(), b"").status == 303
    acked = box.acked()
    assert acked is not None
    assert acked.until - acked.at == 4 * 3_600


def test_whoever_opens_a_room_s_link_says_who_they_are(box: Box) -> None:
    path = box.path("")
    assert b'<input name="name" required' in box.get(path).body
    assert box.post(path, name=" \n ").status == 400
    assert box.acked() is None
    assert box.post(path, name=" 王 工\n").status == 303
    acked = box.acked()
    assert acked is not None
    assert acked.author == "王 工"


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;</h1></title>"


def test_nothing_that_others_wrote_becomes_html(box: Box) -> None:
    box.intake.events([made.event(key="k2", title=HOSTILE, source="<b>shop</b>")])
    path = box.path("", alert_id=2)
    box.post(path, name=HOSTILE[:60], comment=HOSTILE)
    page = box.get(path).body.decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert page.count("</title>") == 1
    assert HOSTILE in text(box.get(path))


def test_nobody_keeps_frames_or_passes_on_what_is_shown(box: Box) -> None:
    for path in (box.path(), changed(box.path(), 20), "/ack/x"):
        headers = box.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"].startswith("noindex")
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["content-type"] == "text/html; charset=utf-8"
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["content-security-policy"]
    assert f"<style>{_STYLE}</style>".encode() in box.get(box.path()).body


def test_the_secret_shows_nowhere(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tocsin.listener")
    path = box.path()
    replies = [box.get(path), box.post(path), box.get(changed(path, 20)), box.post(path, **{"for": "soon"})]
    token = path.removeprefix("/ack/")
    for reply in replies:
        assert SECRET not in reply.body.decode()
        assert SECRET not in str(reply.headers)
        assert token not in reply.body.decode()
    assert token not in caplog.text
    assert "/ack/***" in caplog.text


def test_guessing_is_bounded_and_whoever_may_is_let_in_meanwhile(box: Box) -> None:
    good, bad = box.path(), changed(box.path(), 20)
    with Client(box.port) as client:
        statuses = [client.request("GET", bad).status for _ in range(MOST_BAD + 5)]
        assert statuses == [403] * MOST_BAD + [429] * 5
        late = client.request("POST", bad, b"")
        assert (late.status, late.headers["retry-after"]) == (429, "60")
        assert client.request("GET", good).status == 200
        box.clock.advance(60)
        assert client.request("GET", bad).status == 403


def test_a_store_that_cannot_be_used_is_said_so(box: Box) -> None:
    path = box.path()
    box.store.close()
    reply = box.post(path, headers={"Accept-Language": "zh-CN"})
    assert (reply.status, reply.headers["retry-after"]) == (503, "60")
    assert "暂时无法保存" in text(reply)


def test_the_page_speaks_the_reader_s_language(box: Box) -> None:
    reply = box.get(box.path(), Accept_Language="zh-CN,zh;q=0.9,en;q=0.8")
    assert reply.headers["content-language"] == "zh"
    assert '<html lang="zh">' in reply.body.decode()
    for words in ("以 lin 的身份确认", "尚无人确认", "错误"):
        assert words in text(reply)
    assert reply.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-Hans-CN", "zh"),
        ("en-US,zh;q=0.5", "en"),
        ("en;q=0.2, zh;q=0.8", "zh"),
        ("fr, de", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=0", "en"),
        ("*;q=" + "9" * 5_000, "en"),
        (",;=,;;q", "en"),
    ],
)
def test_the_language_is_what_the_reader_wants_most(accepted: str, expected: str) -> None:
    assert language(accepted) == expected


@pytest.mark.parametrize(
    ("usual", "most", "hours"), [(4.0, 24.0, [0.5, 2, 4, 8, 24]), (3.0, 3.0, [0.5, 2, 3]), (1.0, 1.0, [0.5, 1])]
)
def test_only_times_that_are_allowed_are_offered(usual: float, most: float, hours: list[float]) -> None:
    settings = Acknowledge(for_=Seconds(usual * 3_600), most=Seconds(most * 3_600))
    assert choices(settings) == [hour * 3_600 for hour in hours]
