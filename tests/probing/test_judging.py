"""What conditions make of a reading."""

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from conditions_by_hand import Ask
from daemon.aside import AsideThread, at_once
from daemon.config.looking import ProbePlan
from daemon.event import Event
from daemon.probes.http import Http
from daemon.probing.judging import judged
from daemon.probing.scheduler import Scheduler
from daemon.reading import Health, Reading
from daemon.secret import HIDDEN, Secret
from fake_clock import FakeClock
from probes_by_hand import Plans, plan

ASK = Ask()


def planned(*, down: tuple[str, ...] = (), degraded: tuple[str, ...] = (), **more: Any) -> ProbePlan:
    lists = {"down": tuple(map(ASK.condition, down)), "degraded": tuple(map(ASK.condition, degraded))}
    return plan("shop", **lists, **more)


def seen(health: Health = Health.UP, detail: str = "200 OK", **values: Any) -> Reading:
    return Reading(health=health, detail=detail, values=values, phases={"total": 3.0})


def test_without_conditions_a_reading_is_what_the_kind_says() -> None:
    reading = seen()
    assert judged(planned(), reading, at_once) is reading


def test_where_all_hold_nothing_changes() -> None:
    reading = seen(status=200)
    assert judged(planned(down=("status == 200",), degraded=("time < 4s",)), reading, at_once) is reading


@pytest.mark.parametrize(
    ("down", "degraded", "health", "detail"),
    [
        (("status == 200",), (), Health.DOWN, "status == 200: it was 503"),
        ((), ("time < 2s",), Health.DEGRADED, "time < 2s: it was 3s"),
        (("status == 200",), ("time < 2s",), Health.DOWN, "status == 200: it was 503"),
        (("status == 200", "time < 2s", "secure == true"), (), Health.DOWN, "status == 200: it was 503 (and 2 more)"),
        (("status > 1",), ("time < 2s",), Health.DEGRADED, "time < 2s: it was 3s"),
    ],
)
def test_the_worse_counts_and_the_first_is_told(
    down: tuple[str, ...], degraded: tuple[str, ...], health: Health, detail: str
) -> None:
    reading = judged(planned(down=down, degraded=degraded), seen(status=503), at_once)
    assert (reading.health, reading.detail) == (health, detail)


def test_what_was_answered_is_evidence_where_it_does_not_hold() -> None:
    reading = msgspec.structs.replace(seen(status=503), body=b"<h1>Bad\x1b gateway</h1>\n" + b"x" * 1_000)
    assert (
        judged(planned(down=("status == 200",)), reading, at_once).evidence["body"].startswith("<h1>Bad gateway</h1> x")
    )
    assert judged(planned(down=("status == 503",)), reading, at_once).evidence == {}


@pytest.mark.parametrize("before", ["", "no such token: " + "x" * 30])
@pytest.mark.parametrize(
    "condition",
    [
        'body == "fine"',
        'json "$.said" == "fine"',
        'all json "$.list" == "fine"',
        'json "$.list" == 1',
        'header "x-you" == "me"',
    ],
)
def test_what_was_there_instead_shows_no_secret_that_the_server_repeats(condition: str, before: str) -> None:
    token = "c4n4ry-" + "of-the-token" * 6
    said = before + token
    body = json.dumps({"said": said, "list": [said]}) if "json" in condition else said
    probe = Http(url="http://127.0.0.1:1", bearer=Secret(token))
    reading = Reading(health=Health.UP, detail="200 OK", values={"header": {"x-you": said}}, body=body.encode())
    asked = dataclasses.replace(planned(down=(condition,)), probe=probe)
    found = judged(asked, reading, at_once)
    assert found.health is Health.DOWN
    assert "c4n4ry" not in str(found.told())
    assert HIDDEN in found.detail


def test_all_that_failed_is_kept() -> None:
    asked = planned(down=("status == 200", "cert.days > 14"), degraded=("time < 2s",))
    assert judged(asked, seen(status=503), at_once).failed == (
        "status == 200: it was 503",
        "cert.days > 14: not known, the look did not come so far",
        "time < 2s: it was 3s",
    )


def test_what_the_kind_calls_down_stays_so_whatever_holds() -> None:
    reading = seen(Health.DOWN, "connection refused")
    assert judged(planned(down=("time < 4s",)), reading, at_once) is reading
    failing = judged(planned(down=("time < 2s",)), reading, at_once)
    assert (failing.health, failing.detail) == (Health.DOWN, "connection refused")
    assert failing.failed == ("time < 2s: it was 3s",)


def test_what_the_kind_calls_degraded_can_only_become_worse() -> None:
    reading = seen(Health.DEGRADED, "slow")
    assert judged(planned(degraded=("time < 2s",)), reading, at_once).detail == "slow"
    assert judged(planned(down=("time < 2s",)), reading, at_once).health is Health.DOWN


def test_a_look_that_saw_nothing_is_asked_nothing() -> None:
    reading = seen(Health.UNKNOWN, "ping needs a permission")
    assert judged(planned(down=("status == 200",)), reading, at_once) is reading


def test_a_condition_of_a_node_counts_for_its_readings() -> None:
    asked = planned(down=("time < 2s from gz",))
    assert judged(asked, seen(), at_once).health is Health.UP
    assert judged(asked, seen(), at_once, "gz").health is Health.DOWN


@pytest.fixture
def threads() -> Iterator[AsideThread]:
    pool = AsideThread(2)
    yield pool
    pool.stop()


def test_a_large_body_is_judged_in_a_thread_of_its_own(threads: AsideThread) -> None:
    body = json.dumps([{"ok": True, "n": i} for i in range(2_000)]).encode()
    asked = planned(down=('all json "$[*].ok" == true', 'body ~ "1999"'))
    where = list[int]()

    def aside(work: Callable[[], Any]) -> Any:
        return threads(lambda: (where.append(threading.get_native_id()), work())[1])

    assert judged(asked, Reading(health=Health.UP, detail="", body=body), aside).is_well
    assert where
    assert threading.get_native_id() not in where


def test_a_small_body_is_judged_at_once() -> None:
    def never(work: Callable[[], object]) -> Any:
        raise AssertionError(work)

    reading = Reading(health=Health.UP, detail="", body=b'{"ok": true}')
    assert judged(planned(down=('json "$.ok" == true',)), reading, never).is_well


def test_many_conditions_of_a_body_that_is_not_large_are_work_all_the_same() -> None:
    asked, went = planned(down=('body ~ "a"',) * 10), []

    def aside(work: Callable[[], Any]) -> Any:
        went.append(1)
        return work()

    assert judged(asked, Reading(health=Health.UP, detail="", body=b"a" * 10_000), aside).is_well
    assert went


def test_a_title_says_which_condition_failed() -> None:
    clock, events = FakeClock(), list[Event]()
    asked = planned(down=("status == 200", "time < 2s"), fail_after=1, answer=lambda: seen(status=503))
    scheduler = Scheduler(Plans(asked), clock, events.extend)
    scheduler.start()
    clock.advance(61)
    scheduler.stop()
    assert events[0].title == "shop is down: status == 200: it was 503 (and 1 more)"
    assert "status == 200: it was 503; time < 2s: it was 3s" in events[0].text
