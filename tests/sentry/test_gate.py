"""How much is let in: errors as long as there is room, and no project at another's cost."""

from pathlib import Path

import pytest

from daemon.config.sentry import Project
from daemon.config.settings import Limits
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.sentry.gate import LESS, ROW, judged
from fake_clock import FakeClock
from http_client import ask
from reporting import AUTH, KEY, SHOP, Reporting, envelope, event, item, small

MB = 1024**2
BLOG = Project(id=7, key=Secret("blogkey"))
ERROR = envelope(item(event()))
TRANSACTION = envelope(item({"type": "transaction"}, "transaction"))


@pytest.mark.parametrize(
    ("fullness", "hurry", "urgent", "is_in", "header"),
    [
        (0.1, 0.1, False, True, ""),
        (0.5, 0.0, True, True, f"60:{LESS}:project:busy"),
        (0.5, 0.0, False, True, f"60:{LESS}:project:busy"),
        (0.8, 0.0, True, True, f"60:{LESS}:project:busy"),
        (0.8, 0.0, False, False, f"60:{LESS}:project:busy"),
        (0.2, 0.8, False, False, f"10:{LESS}:project:busy"),
        (1.0, 0.0, True, False, "60::project:busy"),
        (0.0, 1.0, True, False, "10::project:busy"),
    ],
)
def test_the_fuller_it_is_the_less_is_asked_for(
    fullness: float, hurry: float, urgent: bool, is_in: bool, header: str
) -> None:
    verdict = judged(fullness, hurry, urgent=urgent)
    assert (verdict.is_in, verdict.header) == (is_in, header)
    assert "error" not in LESS


def test_a_part_that_fills_up_lets_errors_in_to_the_end_and_no_project_pushes_out_another(
    tmp_path: Path, clock: FakeClock
) -> None:
    reporting = Reporting(tmp_path, clock, projects={"shop": SHOP, "blog": BLOG}, **small(spool=2 * MB))
    body = envelope(item(b"x" * (MB // 20 - ROW), "transaction"))
    judge = reporting.gate.judge
    taken = 0
    while judge("shop", SHOP, len(body), urgent=False).is_in:
        reporting.put(body)
        taken += 1
    assert 0.6 < taken * MB / 20 / MB < 0.8  # of its part, which is one of two
    while judge("shop", SHOP, len(body), urgent=True).is_in:
        reporting.put(body)
        taken += 1
    assert 0.9 < taken * MB / 20 / MB <= 1.0
    assert not judge("shop", SHOP, 10, urgent=True).is_in or taken * (len(body) + ROW) < MB
    assert judge("blog", BLOG, len(body), urgent=False).header == ""
    reporting.turn()
    assert judge("shop", SHOP, len(body), urgent=False).header == ""
    reporting.store.close()


def test_many_small_ones_fill_it_too(tmp_path: Path, clock: FakeClock) -> None:
    reporting = Reporting(tmp_path, clock, **small(spool=MB))
    verdicts = [reporting.gate.judge("shop", SHOP, 1, urgent=True) for _ in range(3)]
    assert all(verdict.is_in for verdict in verdicts)
    reporting.gate._of("shop").rows = MB // ROW
    assert not reporting.gate.judge("shop", SHOP, 1, urgent=True).is_in
    reporting.store.close()


def test_who_sends_faster_than_its_rate_is_slowed_and_may_go_on_later(reporting: Reporting, clock: FakeClock) -> None:
    slow = Project(id=1, key=Secret("k"), rate=10)
    verdicts = [reporting.gate.judge("slow", slow, 10, urgent=True) for _ in range(120)]
    assert verdicts[0].header == ""
    assert [verdict.is_in for verdict in verdicts].count(True) == 99
    assert verdicts[-1].header == "10::project:busy"
    assert reporting.gate.refused == {"slow": 21}
    clock.advance(10)
    assert reporting.gate.judge("slow", slow, 10, urgent=True).header == ""


def test_an_sdk_is_told_what_to_hold_back(tmp_path: Path, clock: FakeClock) -> None:
    reporting = Reporting(tmp_path, clock, projects={"shop": Project(id=42, key=Secret(KEY), rate=1)})
    web = reporting.daemon().web()
    door = HttpDoor("127.0.0.1:0", web, Limits, clock, web.largest)
    door.start()
    seen = []
    for body in (ERROR,) * 5 + (TRANSACTION,) * 3 + (ERROR,) * 4:
        reply = ask(door.port, "POST", "/api/42/envelope/", body, AUTH)
        seen.append((reply.status, reply.headers.get("x-sentry-rate-limits", "")))
    door.stop(0)
    reporting.store.close()
    assert seen[0] == (200, "")
    assert seen[4] == (200, f"10:{LESS}:project:busy")
    assert seen[7] == (429, f"10:{LESS}:project:busy")
    assert seen[8] == (200, f"10:{LESS}:project:busy")
    assert seen[-1] == (429, "10::project:busy")
    assert reply.headers["retry-after"] == "10"
