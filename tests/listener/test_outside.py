"""What a source's check asks of other servers: over real sockets, bounded, and not twice for the same."""

from collections.abc import Iterator

import gevent
import pytest

from daemon.clock import SystemClock
from daemon.errors import OutsideError
from daemon.listener.outside import AT_ONCE, FORGIVEN, KEPT, WAITING, Fetched
from daemon.payload.repeats import REMEMBERED, Repeats
from daemon.senders.http import MAX_BODY
from fake_clock import FakeClock
from fake_provider import FakeProvider, Step, drop, hang, say
from until import until


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    started = FakeProvider().start()
    yield started
    started.stop()


def test_it_asks_with_get_and_without_a_body(provider: FakeProvider, clock: FakeClock) -> None:
    provider.then(say(200, b"yes"))
    assert Fetched(clock).get(f"{provider.url}/a.pem?b=c") == b"yes"
    [asked] = provider.requests
    assert (asked.method, asked.target, asked.body) == ("GET", "/a.pem?b=c", b"")
    assert "content-length" not in asked.headers


def test_what_was_answered_is_remembered_and_what_is_asked_once_is_asked_each_time(
    provider: FakeProvider, clock: FakeClock
) -> None:
    fetched = Fetched(clock)
    for _ in range(2):
        assert fetched.kept(f"{provider.url}/kept") == b"{}"
        assert fetched.get(f"{provider.url}/once") == b"{}"
    assert sorted(asked.target for asked in provider.requests) == ["/kept", "/once", "/once"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (say(404, b"no such"), "answered 404: no such"),
        (say(302, b"", location="http://127.0.0.1:1/"), "answered 302"),
        (say(500), "answered 500"),
        (drop, "no answer"),
        (say(200, b"x" * MAX_BODY), f"answers more than {MAX_BODY} bytes"),
    ],
    ids=["404", "a redirect", "500", "nothing", "far too much"],
)
def test_anything_but_a_short_yes_is_no_answer_and_not_asked_again_at_once(
    provider: FakeProvider, clock: FakeClock, step: Step, said: str
) -> None:
    fetched = Fetched(clock)
    provider.then(step)
    for _ in range(2):
        with pytest.raises(OutsideError, match=said):
            fetched.kept(f"{provider.url}/x")
    assert len(provider.requests) == 1
    clock.advance(FORGIVEN)
    provider.then(say(200, b"better"))
    assert fetched.kept(f"{provider.url}/x") == b"better"


@pytest.mark.parametrize("url", ["", "ftp://a/b", "https://", "nonsense"])
def test_what_is_no_address_is_no_answer(clock: FakeClock, url: str) -> None:
    with pytest.raises(OutsideError, match="is not a URL"):
        Fetched(clock).get(url)


def test_those_who_ask_the_same_at_once_share_one_answer(provider: FakeProvider) -> None:
    go = gevent.event.Event()

    def slowly(one: FakeProvider, connection: object) -> bool:
        go.wait()
        return say(200, b"yes")(one, connection)  # type: ignore[arg-type]

    provider.then(slowly)
    fetched = Fetched(SystemClock())
    asking = [gevent.spawn(fetched.kept, f"{provider.url}/x") for _ in range(WAITING + 3)]
    until(lambda: sum(one.ready() for one in asking) == 2)  # one asks, as many as may wait for it, the rest is told so
    go.set()
    gevent.joinall(asking)
    assert [one.value for one in asking].count(b"yes") == WAITING + 1
    assert len(provider.requests) == 1


def test_only_so_many_questions_are_under_way(provider: FakeProvider) -> None:
    provider.then(hang)
    fetched = Fetched(SystemClock(), within=0.2)
    asking = [gevent.spawn(_problem, fetched, f"{provider.url}/{number}") for number in range(AT_ONCE)]
    until(lambda: len(provider.requests) == AT_ONCE)
    assert "too many questions" in _problem(fetched, f"{provider.url}/more")
    gevent.joinall(asking)
    assert all("no answer within 0.2 s" in one.value for one in asking)


def _problem(fetched: Fetched, url: str) -> str:
    with pytest.raises(OutsideError) as caught:
        fetched.get(url)
    return str(caught.value)


def test_only_so_many_answers_are_remembered(provider: FakeProvider, clock: FakeClock) -> None:
    fetched = Fetched(clock)
    for number in range(KEPT + 1):
        fetched.kept(f"{provider.url}/{number}")
    before = len(provider.requests)
    fetched.kept(f"{provider.url}/{KEPT}")
    assert len(provider.requests) == before
    fetched.kept(f"{provider.url}/0")
    assert len(provider.requests) == before + 1


def test_only_so_many_deliveries_are_remembered_the_latest_ones() -> None:
    repeats = Repeats()
    for number in range(REMEMBERED + 1):
        repeats.note("s", str(number), 0.0)
    assert not repeats.knows("s", "0", 1.0)
    assert repeats.knows("s", "1", 1.0)
    assert not repeats.knows("s", "1", 3_600.0)
