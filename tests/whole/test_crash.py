"""`kill -9` at random instants under load: what was answered with 2xx arrives, and the file stays sound."""

import itertools
import json
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import gevent
import pytest
from gevent import socket
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from fake_aliyun import FakeAliyun
from running import Tocsind
from until import until

KILLS = 200
CLIENTS = 8
POSTS = 12  # of one client in one life: what is left over goes out in the next lives
POOL = 8

CONFIG = """
log: {{level: warning}}
sources:
  script: {{handler: generic, map: {{key: $.key, title: $.title}}}}
channels:
  hook: {{type: webhook, url: 'http://127.0.0.1:{port}/', pool: {pool}}}
receivers: [{{name: ops, notify: [{{by: [hook]}}]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
"""


class Provider:
    """Takes every message and remembers which life of the daemon brought it."""

    def __init__(self) -> None:
        self.life = 0
        self.arrivals: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        self.titles: set[str] = set()
        self.server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        self.server.start()

    def _answer(self, environ: dict, start_response: Callable) -> list[bytes]:
        message = json.loads(environ["wsgi.input"].read())
        self.arrivals[message["delivery"]].append((self.life, message["repeat"]))
        self.titles.add(message["alert"]["title"])
        gevent.idle()
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


class Load:
    """Clients that post one new alarm after the other and remember what was accepted."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count()
        self.accepted: set[str] = set()
        self.refused: Counter[int] = Counter()

    def run(self) -> None:
        """Post on one connection until it breaks or enough is done."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
                reader = connection.makefile("rb")
                for _ in range(POSTS):
                    title = f"alarm {next(self._numbers)}"
                    connection.sendall(request(title))
                    status = answered(reader)
                    if status == 200:
                        self.accepted.add(title)
                    else:
                        self.refused[status] += 1
        except (OSError, EOFError):
            pass


def request(title: str) -> bytes:
    body = json.dumps({"key": title, "title": title}).encode()
    return b"POST /webhook/script HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def answered(reader: "socket.SocketIO") -> int:
    """Read one whole answer; a status counts only when all of it has come."""
    status = reader.readline()
    if not status.endswith(b"\n"):
        raise EOFError
    length = 0
    while (line := reader.readline()).strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if len(reader.read(length)) < length:
        raise EOFError
    return int(status.split()[1])


@pytest.mark.slow
@pytest.mark.unguarded
def test_nothing_accepted_is_lost_and_nothing_settled_is_repeated(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(20261121)
    provider = Provider()
    daemon = Tocsind(tmp_path, CONFIG.format(port=provider.server.server_port, pool=POOL))
    load = Load(daemon.http)
    for life in range(1, KILLS + 1):
        provider.life = life
        daemon.start()
        clients = [gevent.spawn(load.run) for _ in range(CLIENTS)]
        Event().wait(chance.uniform(0.0, 0.15))
        daemon.kill()
        gevent.joinall(clients, timeout=10, raise_error=True)
    provider.life = KILLS + 1
    daemon.start()
    until(lambda: load.accepted <= provider.titles, within=120, why=lambda: str(len(load.accepted - provider.titles)))
    until(lambda: open_deliveries(daemon.store) == 0, within=30)
    assert daemon.stop() == 0, daemon.errors()
    provider.server.stop()

    assert len(load.accepted) > KILLS, "the load was too light to show anything"
    assert not load.refused
    repeated = {delivery: seen for delivery, seen in provider.arrivals.items() if len(seen) > 1}
    for delivery, seen in repeated.items():
        lives = [life for life, _ in seen]
        assert len(set(lives)) == len(lives), f"{delivery} came twice from one life of the daemon: {seen}"
        assert all(marked for _, marked in seen[1:]), f"{delivery} came again and was not marked as a repeat"
    for life, number in Counter(life for seen in repeated.values() for life, _ in seen[1:]).items():
        assert number <= POOL, f"{number} messages were repeated in life {life}, more than can be in flight"
    with closing(sqlite3.connect(daemon.store)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    record_property("accepted and delivered", len(load.accepted))
    record_property("repeated after a kill", len(repeated))


def open_deliveries(path: Path) -> int:
    """Ask the file, not the daemon."""
    with closing(sqlite3.connect(path)) as store:
        return int(store.execute("SELECT count(*) FROM deliveries WHERE phase IN ('waiting', 'sending')").fetchone()[0])


SMS_KILLS = 6
SMS = """
log: {{level: warning}}
sources:
  script: {{handler: generic, map: {{key: $.key, title: $.title}}}}
people: {{lin: {{phone: '13800000001'}}, may: {{phone: '13800000002'}}, wu: {{phone: '13800000003'}}}}
channels:
  sms: {{type: aliyun_sms, access_key_id: id, access_key_secret: key, sign_name: x, template_code: SMS_1,
         template_params: {{title: '{{{{ alert.title }}}}'}}, endpoint: '{endpoint}', pool: {pool}, rates: []}}
receivers: [{{name: ops, notify: [{{to: [lin, may, wu], by: [sms]}}]}}]
route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}
"""


@pytest.mark.slow
def test_no_text_message_comes_twice_although_the_gateway_shows_it_only_after_a_while(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    with FakeAliyun(trust=True, latency=0.05, lag=5.0) as gateway:
        daemon = Tocsind(tmp_path, SMS.format(endpoint=gateway.endpoint, pool=POOL))
        load = Load(daemon.http)
        for _ in range(SMS_KILLS):
            daemon.start()
            clients = [gevent.spawn(load.run) for _ in range(CLIENTS)]
            Event().wait(chance.uniform(0.05, 0.3))
            daemon.kill()
            gevent.joinall(clients, timeout=10, raise_error=True)
        daemon.start()
        until(lambda: open_deliveries(daemon.store) == 0, within=60)
        assert daemon.stop() == 0, daemon.errors()
    came = Counter((sms.params["title"], sms.number) for sms in gateway.sent)
    assert {title for title, _ in came} >= load.accepted
    assert len(came) == 3 * len({title for title, _ in came}), "each title reaches all three"
    assert set(came.values()) == {1}
    with closing(sqlite3.connect(daemon.store)) as store:
        found = store.execute("SELECT count(*) FROM deliveries WHERE reason LIKE 'the gateway has it%'").fetchone()[0]
    assert found > 0, "no kill struck while a message was being sent"
