"""A Redis that is away, slow, restarted, locked or no Redis at all: the reader comes back, nothing is lost."""

import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest

from daemon.config.load import load
from daemon.config.redislists import RedisList, server
from daemon.config.settings import Settings
from daemon.errors import ConfigError
from daemon.intakes.redislist.lists import RedisLists
from daemon.intakes.redislist.resp import Connection, Lost, Refused, whole
from daemon.internal import Check
from daemon.loading import catalog
from daemon.secret import Secret
from daemon.series.table import Table
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import FakeClock, settle
from pushed import LIST, Life
from raw_server import serving
from real_servers import Server, redis_server
from until import until

PAY = 'http.time{app="0x00000001",route="/pay"}'
_NEVER = threading.Event()
ENTRIES = [{"url": "/pay", "time_spent": 0.1}] * 100


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with redis_server("--unixsocket", "redis.sock", "--unixsocketperm", "777") as running:
        yield running


@pytest.fixture
def begin(tmp_path: Path, redis: Server) -> Iterator[Callable[..., Life]]:
    lives: list[Life] = []

    def begun(port: int = redis.port, **given: Any) -> Life:
        lives.append(Life(tmp_path / "measured.db", **{"url": f"redis://127.0.0.1:{port}/0", **given}))
        return lives[-1]

    yield begun
    for life in lives:
        life.crash()


@contextmanager
def between(port: int, spoil: Callable[[bytes, int], bytes | None]) -> Iterator[int]:
    """A proxy. `spoil` is given what the server says, and how much it has said; None hangs up."""

    def speak(sock: socket.socket) -> None:
        said = 0
        with socket.create_connection(("127.0.0.1", port)) as far:
            asking = gevent.spawn(passed, sock, far)
            try:
                while data := far.recv(4_096):
                    spoilt = spoil(data, said)
                    said += len(data)
                    if spoilt is None:
                        return
                    sock.sendall(spoilt)
            finally:
                asking.kill()

    with serving(speak) as place:
        yield place


def passed(near: socket.socket, far: socket.socket) -> None:
    while data := near.recv(4_096):
        far.sendall(data)


def read_on(life: Life) -> None:
    """Read until the connection breaks."""
    life.reader.connect()
    while True:
        life.reader.turn()


def test_what_is_cut_off_in_the_middle_is_read_again(begin: Callable[..., Life], redis: Server) -> None:
    """After every so many bytes of the server's answers."""
    life = begin(batch=30)
    life.ask("FLUSHALL")
    for cut in range(5, 3_000, 171):
        life.push(*ENTRIES)
        with between(redis.port, lambda data, said, cut=cut: data if said + len(data) <= cut else None) as port:  # type: ignore[misc]
            given = RedisList(url=f"redis://127.0.0.1:{port}/0", batch=30)
            life.reader._redis._given = given
            with pytest.raises(Lost):
                read_on(life)
    life.reader._redis._given = life.given
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted() == {PAY: 100 * len(range(5, 3_000, 171))}
    assert life.ask("KEYS", "*") == []


def test_one_that_stalls_is_given_up_in_time(redis: Server, clock: FakeClock) -> None:
    def stall(data: bytes, said: int) -> bytes:
        if said:
            _NEVER.wait(5)
        return data

    with between(redis.port, stall) as port, gevent.Timeout(2):
        connection = Connection(RedisList(url=f"redis://127.0.0.1:{port}/0", timeout=0.2), clock)  # type: ignore[arg-type]
        connection.open()
        with pytest.raises(Lost, match=r"no answer within 0\.2s"):
            connection.one("LLEN", LIST)
        with pytest.raises(Lost, match="there is no connection"):
            connection.one("LLEN", LIST)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_in_whatever_order_each_entry_counts_once(begin: Callable[..., Life], seed: int) -> None:
    """Pushes, batches, slots, lost connections and crashes, as chance has it."""
    chance = random.Random(seed)
    life, pushed = begin(batch=7), 0
    life.ask("FLUSHALL")
    life.reader.connect()
    for _ in range(60):
        match chance.choice(("push", "turn", "turn", "slot", "lost", "crash", "crash after a slot")):
            case "push":
                pushed += (number := chance.randrange(1, 40))
                life.push(*ENTRIES[:number])
            case "turn":
                life.reader.turn()
            case "slot":
                life.close_slot()
            case "lost":
                life.reader.connect()
            case how:
                if how != "crash":
                    life.close_slot(is_written=False)
                life.crash()
                life = begin(batch=7)
                life.reader.connect()
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted()[PAY] == pushed
    assert life.ask("KEYS", "*") == []


@pytest.mark.parametrize("no", ["LOADING the dataset", "NOAUTH who are you", "READONLY a replica"])
def test_a_no_in_the_middle_of_it_ends_the_turn_and_loses_nothing(
    begin: Callable[..., Life], redis: Server, no: str
) -> None:
    life = begin(batch=30)
    life.ask("FLUSHALL")
    said_no = f"-{no}\r\n".encode()
    for after in (80, 500, 900):
        life.push(*ENTRIES)
        with between(redis.port, lambda data, said, after=after: data if said <= after else said_no) as port:  # type: ignore[misc]
            life.reader._redis._given = RedisList(url=f"redis://127.0.0.1:{port}/0", batch=30, timeout=Seconds(0.3))
            with pytest.raises((Lost, Refused)):
                read_on(life)
    life.reader._redis._given = life.given
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted() == {PAY: 300}
    assert life.ask("KEYS", "*") == []


def test_no_number_of_entries_is_less_than_none() -> None:
    with pytest.raises(Lost):
        whole(-1)


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$99999999999\r\n",
        b"*5000000\r\n",
        b"*1000\r\n" + (b"*1000\r\n" + b":1\r\n" * 1_000) * 101,
        b"*1\r\n" * 5_000,
        b"*2\r\n$9000000\r\n" + b"x" * 9_000_000 + b"\r\n$9000000\r\n" + b"x" * 9_000_000,
        b":x\r\n",
        b"+" * 400_000,
        b"\r\n",
        b"$-\r\n",
    ],
)
def test_what_is_no_redis_is_no_redis(words: bytes, clock: FakeClock) -> None:
    def speak(sock: socket.socket) -> None:
        sock.recv(1_000)
        sock.sendall(words)

    with serving(speak) as port:
        connection = Connection(RedisList(url=f"redis://127.0.0.1:{port}/0"), clock)
        with pytest.raises(Lost):
            connection.open()


def test_a_server_that_is_restarted_is_read_on(tmp_path: Path) -> None:
    with redis_server("--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "local") as first:
        life = Life(tmp_path / "measured.db", url=f"redis://127.0.0.1:{first.port}/0", batch=30)
        life.push(*ENTRIES)
        life.reader.connect()
        life.reader.turn()
        begun = first.log.count("Ready to accept")
        with pytest.raises(Lost):
            life.ask("DEBUG", "RESTART")
        with pytest.raises(Lost):
            life.turns()
        until(lambda: first.log.count("Ready to accept") > begun)
        life.push(*ENTRIES)
        life.read()
        life.close_slot()
        life.turns()
        assert life.counted() == {PAY: 200}
        assert life.ask("KEYS", "*") == []
        life.crash()


def test_an_unreachable_server_is_tried_more_and_more_seldom_and_told(tmp_path: Path, clock: FakeClock) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        life = Life(tmp_path / "measured.db", url=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0", clock=clock)
        life.reader.start()
        settle()
        for _ in range(12):
            clock.advance(5)
            settle()
        assert life.alarms == []
        for _ in range(12):
            clock.advance(10)
            settle()
        assert life.alarms[0] == (Check.REDIS.value,)
        assert "connection refused" in life.texts[0]
        life.crash()


def test_a_server_that_nobody_wants_to_be_read_any_more_is_no_alarm(tmp_path: Path, clock: FakeClock) -> None:
    store, raised = SqliteStore(tmp_path / "measured.db", MEASURED), list[tuple[object, ...]]()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = RedisList(url=f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        wanted = [Settings(redis_lists=(away,))]
        lists = RedisLists(
            store, Table(clock), clock, lambda: wanted[-1],
            alarm=lambda *about, **_: raised.append(about), over=lambda *about: raised.append(("over", *about)),
        )  # fmt: skip
        lists.start()
        for _ in range(10):
            settle()
            clock.advance(10)
        about = (Check.REDIS, str(away.server))
        assert set(raised) == {about}
        wanted.append(Settings())
        lists.reload()
        assert raised[-1] == ("over", *about)
        lists.stop()
    store.close()


def test_a_wrong_password_is_told_without_it(begin: Callable[..., Life], redis: Server) -> None:
    begin().ask("ACL", "SETUSER", "reader", "on", ">right-s3cret", "~apm:*", "+@all")
    connection = Connection(
        RedisList(url=f"redis://127.0.0.1:{redis.port}/0", user="reader", password=Secret("wrong-s3cret")), FakeClock()
    )
    with pytest.raises(Refused, match="WRONGPASS"):
        connection.open()
    with pytest.raises(Lost):
        connection.one("PING")


def test_few_rights_are_enough(begin: Callable[..., Life]) -> None:
    """What docs/measuring/redis.md says."""
    page = (Path(__file__).parents[2] / "docs/measuring/redis.md").read_text()
    rights = page.partition("ACL SETUSER tocsin on '>…' ")[2].partition("\n")[0].split()
    life = begin()
    life.ask("FLUSHALL")
    life.ask("ACL", "SETUSER", "tocsin", "reset", "on", ">right-s3cret", *[one.strip("'") for one in rights])
    life.push(*ENTRIES)
    life.push(*ENTRIES, "rubbish")
    life.crash()
    life = begin(user="tocsin", password=Secret("right-s3cret"))
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted() == {PAY: 200}


def test_a_socket_of_the_machine_is_a_way_too(begin: Callable[..., Life], redis: Server) -> None:
    life = begin(url=f"unix://{redis.home}/redis.sock?db=3")
    life.push(*ENTRIES)
    life.read()
    life.close_slot()
    assert life.counted() == {PAY: 100}


GOOD = {
    "redis://a": "redis://a:6379/0",
    "redis://a:1/2": "redis://a:1/2",
    "rediss://[::1]/": "rediss://[::1]:6379/0",
    "redis://a?db=4": "redis://a:6379/4",
    "unix:///run/r.sock?db=1": "unix:///run/r.sock?db=1",
}


@pytest.mark.parametrize("url", GOOD)
def test_addresses_are_taken_apart(url: str) -> None:
    assert str(server(url)) == GOOD[url]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "http://a",
        "redis://",
        "redis://a/x",
        "redis://a:x",
        "redis://:s3cret@a",
        "redis://a/-1",
        "unix://a/b",
        "unix:///a?db=-1",
    ],
)
def test_what_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"no address|holds credentials") as refused:
        server(url)
    assert "s3cret" not in str(refused.value)
    assert json.dumps(url) not in str(refused.value)


def test_less_than_none_cannot_be_kept(tmp_path: Path) -> None:
    """It would throw everything away."""
    file = tmp_path / "tocsin.yml"
    file.write_text("redis_lists: [{url: 'redis://a', most: -1}]\nreceivers: [{name: ops}]\nroute: {receiver: ops}\n")
    with pytest.raises(ConfigError, match=r"redis_lists\[0\]\.most.*too small"):
        load(file, lambda _: catalog(""), {})
