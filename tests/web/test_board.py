"""All that can be asked of the page, over ninety days in a real store: what is on it, and what never is."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from daemon.config.wording import Texts
from daemon.errors import StoreUnavailable
from daemon.history.stretches import Time
from daemon.probes.base import Probe
from daemon.reading import Health, Reading
from daemon.store.sqlite import SqliteStore
from daemon.web import page
from daemon.web.board import Made, NotShown
from daemon.web.page import LARGE, Asked
from daemon.web.view import WINDOWS
from daemon.zone import Zone
from direct_store import DirectStore
from fake_clock import FakeClock
from past import Past
from showcase import CANARY, DAY, Showcase, plan, settings

ATOM = "{http://www.w3.org/2005/Atom}"
XSS = "\"><script>alert(1)</script><b title='&"


@pytest.fixture
def bare(tmp_path: Path, clock: FakeClock) -> Iterator[Showcase]:
    """Nothing is kept yet."""
    store = DirectStore(tmp_path / "tocsin.db")
    yield Showcase(store, clock)  # type: ignore[arg-type] # what it does not have nobody here asks for
    store.close()


@pytest.fixture
def show(bare: Showcase) -> Showcase:
    bare.fill()
    return bare


def everything(show: Showcase) -> Iterator[Made]:
    """Each thing that can be asked for, in each of its forms."""
    board = show.board
    shown = [Asked(probe=name) for name in show.settings.probes if "hidden" not in name]
    groups = [Asked(group=name) for name in show.settings.status_page.groups] if show.settings.status_page else []
    yield board.feed()
    for asked in (Asked(), *shown, *groups):
        yield board.page(asked)
        yield board.document(asked)
    for asked in (*shown, *groups):
        for window in WINDOWS:
            yield board.badge(asked, "status", window)
            yield board.badge(asked, "uptime", window)
            if asked.probe:
                yield board.badge(asked, "response", window)


def document(show: Showcase, asked: Asked | None = None) -> dict[str, object]:
    found: dict[str, object] = json.loads(show.board.document(asked or Asked()).body)
    return found


def lines(show: Showcase) -> dict[str, dict[str, object]]:
    found: list[dict[str, list[dict[str, object]]]] = document(show)["groups"]  # type: ignore[assignment]
    return {str(line["name"]): line for group in found for line in group["probes"]}


@dataclass(frozen=True, kw_only=True)
class Job(Probe):
    """Nothing answers here, so nothing takes its time."""

    def look(self) -> Reading:
        raise AssertionError


def test_what_has_no_phases_has_no_response_time(show: Showcase) -> None:
    """How long it took to look into a disk or at what a job said is nobody's response time."""
    front = show.settings.probes["shop-front"]
    show.settings = replace(
        show.settings, probes={**show.settings.probes, "shop-front": replace(front, type="job", probe=Job())}
    )
    assert lines(show)["shop-front"]["response"] == {"total": None, "phases": {}, "hours": []}
    assert "\N{EN DASH}" in show.board.badge(Asked(probe="shop-front"), "response", "24h").body.decode()
    assert "No answer was timed" in show.board.page(Asked(probe="shop-front")).body.decode()


def test_nothing_of_a_probe_but_names_states_and_times_is_anywhere(show: Showcase) -> None:
    """Canaries stand in its URL, its labels, and the reasons of its incidents."""
    for made in everything(show):
        text = made.body.decode()
        for secret in (CANARY, "shop.internal", "refused", "severity", "office", "team", "vault", "backup"):
            assert secret not in text, (made.content_type, secret)


@pytest.mark.parametrize("what", ["page", "document"])
@pytest.mark.parametrize(
    "asked",
    [
        Asked(probe="vault-hidden"), Asked(probe="no-such"), Asked(probe=""), Asked(group="no-such"), Asked(group=""),
        Asked(group="Office", probe="checkout"),
    ],
)  # fmt: skip
def test_what_is_hidden_does_not_exist(show: Showcase, what: str, asked: Asked) -> None:
    with pytest.raises(NotShown):
        getattr(show.board, what)(asked)
    with pytest.raises(NotShown):
        show.board.badge(asked, "status" if asked.group != "Office" else "nonsense", "24h")


def test_what_is_hidden_by_a_reload_is_gone_at_once(show: Showcase) -> None:
    assert b"checkout" in show.board.page(Asked()).body
    assert show.board.badge(Asked(probe="checkout"), "status", "24h")
    groups = {"Office": show.settings.status_page.groups["Office"]} if show.settings.status_page else {}
    show.settings = settings(groups=groups)
    assert all(b"checkout" not in made.body for made in everything_of(show))
    with pytest.raises(NotShown):
        show.board.badge(Asked(probe="checkout"), "status", "24h")


def everything_of(show: Showcase) -> Iterator[Made]:
    yield from (show.board.page(Asked()), show.board.document(Asked()), show.board.feed())


def test_states_are_the_verdicts_but_for_what_covers_the_time(show: Showcase) -> None:
    found = {name: line["state"] for name, line in lines(show).items()}
    assert found == {
        "shop-front": "up", "checkout": "degraded", "search": "up", "sign-in": "up", "mail": "up",
        "reports": "maintenance", "db-primary": "up", "db-replica": "down", "queue": "up",
    }  # fmt: skip
    assert document(show)["state"] == "down"


def test_days_and_uptime_are_those_of_the_history(show: Showcase) -> None:
    queue = lines(show)["queue"]
    down = 11 * 60
    days: list[dict[str, object]] = queue["days"]  # type: ignore[assignment]
    (day,) = [one for one in days if one["date"] == "2026-11-18"]
    assert day["seconds"] == {
        "up": 86_400 - down, "degraded": 0, "down": down, "unknown": 0, "maintenance": 0, "paused": 0,
    }  # fmt: skip
    assert day["uptime"] == pytest.approx(1 - down / 86_400)
    now = show.clock.now()
    assert queue["uptime"] == {
        name: pytest.approx(show.history.uptime("queue", now - length, now)) for name, length in WINDOWS.items()
    }
    assert len(days) == 90
    assert days[-1]["date"] == "2026-11-21"


def test_a_day_without_data_is_empty_and_never_green(show: Showcase) -> None:
    first = lines(show)["db-replica"]["days"][0]  # type: ignore[index]
    assert first["uptime"] is None
    assert set(first["seconds"].values()) == {0}
    bars = show.board.page(Asked(probe="db-replica")).body.decode().split('<svg class="bars"')[1].split("</svg>")[0]
    kinds = [re.findall(r'class="(\w)"', day) for day in bars.split("<g>")[1:]]
    assert kinds == [["o"]] * 65 + [["u"]] * 24 + [["d", "u", "k"]]


def test_today_is_what_has_come_of_it(show: Showcase) -> None:
    text = show.board.page(Asked(probe="sign-in")).body.decode()
    assert "2026-11-21: 100% (so far)" in text
    show.settings = replace(settings(), texts=Texts(time_zone=Zone("America/New_York")))
    assert "2026-11-20: 100% (so far)" in show.board.page(Asked(probe="sign-in")).body.decode()


def test_incidents_are_when_and_not_why(show: Showcase) -> None:
    found: list[dict[str, object]] = document(show)["incidents"]  # type: ignore[assignment]
    assert [(one["probe"], one["state"], one["ended"] is None) for one in found] == [
        ("db-replica", "down", True),
        ("checkout", "degraded", True),
        ("queue", "down", False),
        ("checkout", "down", False),
        ("mail", "down", False),
        ("shop-front", "degraded", False),
    ]
    assert found[2] == {
        "probe": "queue", "title": "queue", "group": "Machinery", "state": "down",
        "began": "2026-11-18T22:36:00Z", "ended": "2026-11-18T22:47:00Z",
    }  # fmt: skip


def test_response_times_have_the_phases_that_the_kind_declares_and_no_others(bare: Showcase) -> None:
    show = bare
    show.fill(
        lambda _: [Past(name="shop-front", begun=0.0, phases=(("connect", 0.1), ("total from secret-place", 1.0)))]
    )
    response = lines(show)["shop-front"]["response"]
    assert response["phases"].keys() == {"connect"}  # type: ignore[index]
    hours = response["hours"]  # type: ignore[index]
    assert len(hours) == 24
    assert hours[0]["begin"] == "2026-11-20T02:00:00Z"
    assert "secret-place" not in show.board.page(Asked(probe="shop-front")).body.decode()


def test_the_document_says_which_version_it_is(show: Showcase) -> None:
    found = document(show)
    assert found.keys() == {"version", "title", "at", "time_zone", "state", "groups", "incidents"}
    assert (found["version"], found["title"], found["at"]) == (1, "Example Trading", "2026-11-21T01:00:00Z")
    assert lines(show)["mail"].keys() == {"name", "title", "state", "since", "uptime", "days", "response"}


def test_a_part_of_it_can_be_asked_for(show: Showcase) -> None:
    office = document(show, Asked(group="Office"))
    assert [group["name"] for group in office["groups"]] == ["Office"]  # type: ignore[attr-defined]
    assert office["state"] == "maintenance"
    assert {one["probe"] for one in office["incidents"]} == {"mail"}  # type: ignore[attr-defined]
    one = show.board.page(Asked(probe="mail")).body.decode()
    assert one.count('<details class="row" open>') == 1
    assert "checkout" not in one


def test_the_feed_is_one_that_readers_take(show: Showcase, clock: FakeClock) -> None:
    root = ET.fromstring(show.board.feed().body)
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == [
        "db-replica: down", "checkout: degraded", "queue: down", "checkout: down", "Mail: down", "Shop front: degraded",
    ]  # fmt: skip
    assert root.findtext(f"{ATOM}updated") == "2026-11-21T00:15:21Z"
    assert "for 44 min" not in entries[0].findtext(f"{ATOM}content", "")  # what changes by itself is no news
    local = [entry.findtext(f"{ATOM}content", "") for entry in entries]
    assert re.fullmatch(r"since 2026-11-2\d \d\d:15", local[0])
    assert re.fullmatch(r"2026-11-1\d \d\d:36 – \d\d:47, 11 min", local[2])
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", one or "") for one in ids)
    clock.advance(600)
    again = ET.fromstring(show.board.feed().body)
    assert [entry.findtext(f"{ATOM}id") for entry in again.findall(f"{ATOM}entry")] == ids


def test_names_are_escaped_everywhere(show: Showcase) -> None:
    own = settings(title=XSS, names={"mail": XSS}, group_by="evil", groups={})
    probes = {name: replace(one, labels={"evil": XSS}) for name, one in own.probes.items() if name in ("mail", "queue")}
    show.settings = replace(own, probes=probes)
    for made in (*everything_of(show), show.board.page(Asked(group=XSS)), show.board.page(Asked(probe="mail"))):
        text = made.body.decode()
        if made.content_type.startswith("application/json"):
            assert json.loads(text)["title"] == XSS
        else:
            assert "<script" not in text
            assert "&lt;script&gt;" in text
    for what in ("status", "uptime"):
        ET.fromstring(show.board.badge(Asked(group=XSS), what, "7d").body)


@pytest.mark.parametrize(
    ("asked", "what", "window", "said"),
    [
        (Asked(probe="db-replica"), "status", "24h", "db-replica: down"),
        (Asked(probe="shop-front"), "status", "24h", "Shop front: up"),
        (Asked(probe="reports"), "status", "24h", "Reports: maintenance"),
        (Asked(group="Shop"), "status", "24h", "Shop: degraded"),
        (Asked(probe="queue"), "uptime", "7d", "uptime 7 d: 99.89%"),
        (Asked(probe="queue"), "uptime", "24h", "uptime 24 h: 100%"),
        (Asked(group="Machinery"), "uptime", "90d", "uptime 90 d: 99.97%"),
        (Asked(probe="queue"), "response", "24h", "response 24 h: 4.9 ms"),
    ],
)
def test_badges(show: Showcase, asked: Asked, what: str, window: str, said: str) -> None:
    assert ET.fromstring(show.board.badge(asked, what, window).body).get("aria-label") == said


@pytest.mark.parametrize(
    ("asked", "what"), [(Asked(group="Shop"), "response"), (Asked(probe="mail"), "cert"), (Asked(probe="mail"), "")]
)
def test_there_are_no_other_badges(show: Showcase, asked: Asked, what: str) -> None:
    with pytest.raises(NotShown):
        show.board.badge(asked, what, "24h")


def test_in_chinese(show: Showcase) -> None:
    show.settings = replace(settings(title=""), texts=Texts(lang="zh", time_zone=Zone("Asia/Shanghai")))
    text = show.board.page(Asked()).body.decode()
    assert '<html lang="zh">' in text
    for words in ("服务状态", "9 项中有 1 项故障", "当前事件", "最近 14 天", "建立连接", "UTC+08:00"):
        assert words in text
    assert "故障" in show.board.badge(Asked(probe="db-replica"), "status", "24h").body.decode()


def test_a_single_probe_that_was_never_looked_at(show: Showcase) -> None:
    show.settings = replace(settings(groups={}), probes={"new": plan("new")})
    text = show.board.page(Asked()).body.decode()
    assert "No answer was timed" in text
    assert 'class="u"' not in text.split('<svg class="bars"')[1].split("</svg>")[0]
    line = lines(show)["new"]
    assert (line["state"], line["uptime"]) == ("up", dict.fromkeys(WINDOWS))
    assert (
        ET.fromstring(show.board.badge(Asked(probe="new"), "uptime", "30d").body).get("aria-label") == "uptime 30 d: –"
    )
    assert ET.fromstring(show.board.badge(Asked(probe="new"), "response", "30d").body).get("aria-label") == (
        "response 30 d: –"
    )


def test_nothing_to_show_is_a_page_too(show: Showcase) -> None:
    show.settings = replace(settings(groups={}), probes={})
    assert "Nothing is shown here yet" in show.board.page(Asked()).body.decode()
    assert document(show)["groups"] == []
    ET.fromstring(show.board.feed().body)


def many(show: Showcase, count: int) -> None:
    probes = {f"p{number}": plan(f"p{number}", group=f"g{number % 3}") for number in range(count)}
    show.settings = replace(settings(groups={}, names={}), probes=probes)
    now = show.clock.now()
    down = ((now - 3 * DAY, now - 3 * DAY + 600, Time.DOWN),)
    show.fill(
        lambda now: [Past(name=f"p{number}", begun=now - 200 * DAY, spells=down) for number in range(0, count, 7)]
    )


def test_very_many_are_folded_by_groups_and_lead_to_pages_of_their_own(bare: Showcase) -> None:
    show = bare
    many(show, LARGE + 50)
    made = show.board.page(Asked())
    text = made.body.decode()
    assert text.count('<details class="fold"') == 3
    assert text.count("status?probe=p") == LARGE + 50
    assert "chart" not in text.split("</style>")[1]
    assert len(made.body) / (LARGE + 50) < 3_500
    found = document(show)
    assert {line["response"] for group in found["groups"] for line in group["probes"]} == {None}  # type: ignore[attr-defined]
    one = document(show, Asked(probe="p7"))["groups"][0]["probes"][0]  # type: ignore[index]
    assert one["response"]["total"]
    assert len(one["days"]) == 90
    assert "chart" in show.board.page(Asked(group="g1")).body.decode().split("</style>")[1]


def test_of_very_many_that_are_down_so_many_are_named(bare: Showcase) -> None:
    show = bare
    many(show, 80)
    down = ((show.clock.now() - 60, show.clock.now() + 60, Time.DOWN),)
    show.fill(lambda now: [Past(name=f"p{number}", begun=now - 3 * DAY, spells=down) for number in range(80)])
    show.states = dict.fromkeys(show.settings.probes, Health.DOWN)
    text = show.board.page(Asked()).body.decode()
    assert "80 of 80 down" in text
    assert f"and {80 - page.MOST_CURRENT} more" in text


def test_a_store_that_cannot_be_read_is_said(store: SqliteStore, clock: FakeClock) -> None:
    show = Showcase(store, clock)
    store.close()
    with pytest.raises(StoreUnavailable):
        show.board.page(Asked())
    with pytest.raises(StoreUnavailable):
        show.board.feed()
    with pytest.raises(StoreUnavailable):
        show.board.badge(Asked(probe="mail"), "uptime", "7d")


def test_what_is_large_goes_out_packed(show: Showcase) -> None:
    made = show.board.page(Asked())
    assert made.packed is not None
    assert len(made.packed) < len(made.body) / 5
