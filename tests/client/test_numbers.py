"""What counters, gauges, averages, times and different ones look like on the wire."""

import decimal
import math
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import tocsin
from ear import Ear, unix_ear


class Spiteful:
    """Breaks whatever is done with it."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __float__ = __hash__ = __iter__ = __str__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("tell", "expected"),
    [
        (lambda: tocsin.Counter("test").increment(), "test:1|c|#app:shop"),
        (lambda: tocsin.Counter("test").increment(5), "test:5|c|#app:shop"),
        (lambda: tocsin.Counter("test").increment(0.5), "test:0.5|c|#app:shop"),
        (lambda: tocsin.Counter("test").increment(True), "test:1.0|c|#app:shop"),  # noqa: FBT003 - as it is written
        (lambda: tocsin.Counter("test", {"a": 1}).increment(tags={"b": 2}), "test:1|c|#app:shop,a:1,b:2"),
        (lambda: tocsin.Counter("test", {"a": 1}).increment(tags={"a": 2}), "test:1|c|#app:shop,a:2"),
        (lambda: tocsin.Counter("test", ["a:1", "bare"]).increment(), "test:1|c|#app:shop,a:1,bare"),
        (lambda: tocsin.Counter("test", "a:1").increment(), "test:1|c|#app:shop,a:1"),
        (lambda: tocsin.Counter("test", {"app": "other"}).increment(), "test:1|c|#app:other"),
        (lambda: tocsin.Counter("test", {"a": None}).increment(), "test:1|c|#app:shop,a"),
        (lambda: tocsin.Counter("付款").increment(tags={"地区": "北京"}), "付款:1|c|#app:shop,地区:北京"),
        (lambda: tocsin.Counter("a b:c|d@e#f\ng").increment(), "a_b_c_d_e_f_g:1|c|#app:shop"),
        (lambda: tocsin.Counter("t").increment(tags={"a:,|": "x,y|z\r\nw"}), "t:1|c|#app:shop,a___:x_y_z__w"),
        (lambda: tocsin.Counter("t").increment(tags={"u": "\ud800"}), "t:1|c|#app:shop,u:?"),
        (lambda: tocsin.Counter("x" * 500).increment(), "x" * 200 + ":1|c|#app:shop"),
        (lambda: tocsin.Gauge("queue").set(7), "queue:7|g|#app:shop"),
        (lambda: tocsin.Gauge("balance").set(-3), "balance:-3|g|#app:shop"),
        (lambda: tocsin.Average("rows").add(3.25), "rows:3.25|d|#app:shop"),
        (lambda: tocsin.Average("rows").add(decimal.Decimal("1.5")), "rows:1.5|d|#app:shop"),  # type: ignore[arg-type]
        (lambda: tocsin.Timer("import").add(1.5), "import:1500.000|ms|#app:shop"),
        (lambda: tocsin.Timer("import").add(0.0000012), "import:0.001|ms|#app:shop"),
        (lambda: tocsin.Distinct("visitors").add("lin"), "visitors:lin|s|#app:shop"),
        (lambda: tocsin.Distinct("visitors").add(42), "visitors:42|s|#app:shop"),
    ],
)
def test_a_value_is_one_plain_line(ear: Ear, tell: Callable[[], None], expected: str) -> None:
    tell()
    assert ear.line() == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e301, 10**400, None, "five", [], Spiteful()])
def test_what_is_no_number_is_dropped_and_counted(ear: Ear, value: float) -> None:
    before = tocsin.dropped
    tocsin.Counter("t").increment(value)
    tocsin.Gauge("t").set(value)
    tocsin.Average("t").add(value)
    tocsin.Timer("t").add(value)
    assert ear.rest() == []
    assert tocsin.dropped == before + 4


@pytest.mark.parametrize(
    "tell",
    [
        lambda: tocsin.Counter("t").increment(tags={"a": Spiteful()}),
        lambda: tocsin.Counter("t").increment(tags=Spiteful()),  # type: ignore[arg-type]
        lambda: tocsin.Counter("t").increment(tags=5),  # type: ignore[arg-type]
        lambda: tocsin.Counter(Spiteful()).increment(),  # type: ignore[arg-type]
        lambda: tocsin.Counter("").increment(),
        lambda: tocsin.Counter("  ").increment(),
        lambda: tocsin.Distinct("t").add(Spiteful()),
    ],
)
def test_what_cannot_be_written_down_is_dropped_and_counted(ear: Ear, tell: Callable[[], None]) -> None:
    before = tocsin.dropped
    tell()
    assert ear.rest() == []
    assert tocsin.dropped == before + 1


def test_different_ones_that_do_not_fit_in_a_datagram_are_still_different(ear: Ear) -> None:
    visitors = tocsin.Distinct("v")
    for who in ("2001:db8::1", "2001:db8::2", "x" * 5_000, "x" * 5_001, "a|b", "a\nb", "", "\ud800"):
        visitors.add(who)
    heard = ear.lines(8)
    assert len(set(heard)) == 8
    assert all(one.count("|") == 2 and len(one) < 60 for one in heard)


def test_a_timer_measures_what_is_inside_it(ear: Ear) -> None:
    timer = tocsin.Timer("outer")
    with timer, timer:
        pass
    with pytest.raises(KeyError), tocsin.Timer("broken"):
        raise KeyError
    assert [one.partition(":")[0] for one in ear.lines(3)] == ["outer", "outer", "broken"]


def test_a_number_that_was_made_before_follows_what_is_configured_later(ear: Ear) -> None:
    counter = tocsin.Counter("t")
    counter.increment()
    tocsin.configure(app="till", tags={"env": "test"})
    counter.increment()
    tocsin.configure(app="")
    counter.increment()
    assert ear.lines(3) == ["t:1|c|#app:shop", "t:1|c|#app:till,env:test", "t:1|c|#env:test"]


def test_values_are_gathered_on_request(ear: Ear) -> None:
    tocsin.configure(batch=True)
    counter = tocsin.Counter("t")
    counter.increment()  # the first goes at once: nothing was sent for longer than they may wait
    assert ear.lines(1)
    for _ in range(10):
        counter.increment()
    tocsin.flush()
    ear.socket.settimeout(1)
    assert ear.socket.recv(65_535).count(b"t:1|c") == 10
    long = tocsin.Counter("t", {"long": "x" * 150})
    for _ in range(200):
        long.increment()
    tocsin.flush()
    ear.socket.settimeout(0.05)
    sizes = [len(ear.socket.recv(65_535)) for _ in range(25)]
    assert max(sizes) <= 1_432
    assert sum(sizes) > 25_000


def test_nothing_is_sent_when_it_is_switched_off(ear: Ear) -> None:
    before = tocsin.dropped
    for off in ("", "off", "none", " OFF "):
        tocsin.configure(off)
        tocsin.Counter("t").increment()
        with tocsin.resource("db", "orders"):
            pass
    assert ear.rest() == []
    assert tocsin.dropped == before


@pytest.mark.parametrize("address", ["127.0.0.1:x", ":8125", "127.0.0.1:0", "127.0.0.1:99999", "unix://" + "x" * 300])
def test_an_address_that_cannot_be_used_stops_nobody(ear: Ear, address: str) -> None:
    tocsin.configure(address)
    tocsin.Counter("t").increment()
    assert ear.rest() == []


@pytest.mark.usefixtures("ear")
def test_a_socket_in_the_file_system_is_found_again_when_its_reader_comes_back(tmp_path: Path) -> None:
    counter = tocsin.Counter("t")
    with unix_ear(tmp_path / "s") as first:
        tocsin.configure(first.address)
        counter.increment()
        assert first.line() == "t:1|c|#app:shop"
    counter.increment()
    (tmp_path / "s").unlink()
    with unix_ear(tmp_path / "s") as second:
        tocsin.configure(second.address)  # a second would pass until it looks again
        counter.increment()
        assert second.line() == "t:1|c|#app:shop"


def test_ipv6_and_localhost(ear: Ear) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as bound:
        try:
            bound.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        bound.settimeout(2)
        tocsin.configure(f"[::1]:{bound.getsockname()[1]}")
        tocsin.Counter("t").increment()
        assert bound.recv(100) == b"t:1|c|#app:shop"
    tocsin.configure(f"localhost:{ear.address.rpartition(':')[2]}")
    tocsin.Counter("t").increment()
    assert ear.line() == "t:1|c|#app:shop"
