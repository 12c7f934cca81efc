"""Pages of exporters become series: counters by how much they rose, gauges as they are, histograms with percentiles."""

import json
import random
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import gevent
import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps import running_here
from daemon.clock import SystemClock
from daemon.config.settings import Settings
from daemon.config.thresholds import Rule
from daemon.expressions.level import Level
from daemon.expressions.parse import parse
from daemon.intakes.scrape.page import NotAPage
from daemon.intakes.scrape.scrapes import Scrapes
from daemon.secret import Secret
from fake_clock import FakeClock
from needs import need_program
from raw_server import answering, ok, request, serving
from running import free_port
from scraped import OPEN, Board, exporter
from until import until

_NEVER = threading.Event()
BUCKET = 'took_seconds_bucket{{le="{}"}} {}\n'


@pytest.fixture
def board(clock: FakeClock) -> Board:
    return Board(clock)


def test_a_counter_counts_by_how_much_it_rose(board: Board) -> None:
    page = '# TYPE hits_total counter\nhits_total{{path="/"}} {}\n'
    assert board.totals(page.format(1_000)) == {}
    assert board.totals(page.format(1_003), page.format(1_010)) == {'hits_total{path="/"}': 10}


def test_a_counter_that_went_down_was_begun_anew(board: Board) -> None:
    page = "# TYPE hits_total counter\nhits_total {}\n"
    assert board.totals(*map(page.format, (1_000, 1_010, 4, 6))) == {"hits_total": 16}


def test_a_counter_goes_on_after_a_short_absence_and_begins_anew_after_a_long_one(board: Board) -> None:
    page = "# TYPE hits_total counter\nhits_total {}\n"
    board.see(page.format(100))
    board.clock.advance(200)  # type: ignore[attr-defined]
    assert board.totals(page.format(110)) == {"hits_total": 10}
    board.clock.advance(1_000)  # type: ignore[attr-defined]
    assert board.totals(page.format(999_999)) == {}
    assert board.totals(page.format(1_000_000)) == {"hits_total": 1}


def test_gauges_and_what_has_no_type_are_taken_as_they_are(board: Board) -> None:
    found = board.see('# TYPE temp gauge\ntemp -3.5\nfree_bytes{disk="a"} 7\ntemp_nan NaN\ntemp_inf +Inf\n')
    assert {name: tally.last for name, tally in found.items()} == {"temp": -3.5, 'free_bytes{disk="a"}': 7}
    assert {live.key.unit for live in board.table if live.key.name == "free_bytes"} == {"B"}


def test_a_summary_has_gauges_and_counters(board: Board) -> None:
    page = (
        '# TYPE took_seconds summary\ntook_seconds{{quantile="0.9"}} 0.5\n'
        "took_seconds_sum {0}\ntook_seconds_count {0}\n"
    )
    found = board.totals(page.format(10), page.format(14))
    assert found == {'took_seconds{quantile="0.9"}': 1.0, "took_seconds_sum": 4, "took_seconds_count": 4}


def test_percentiles_of_a_histogram_lie_in_the_bucket_in_which_they_are(board: Board) -> None:
    """As Prometheus' own `histogram_quantile`, a tenth of the bucket's width off at most."""
    bounds = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
    chance = random.Random(6)
    values = sorted(chance.lognormvariate(-2, 1) for _ in range(20_000))

    def page(upto: int) -> str:
        body = "".join(BUCKET.format(bound, sum(value <= bound for value in values[:upto])) for bound in bounds)
        return f"# TYPE took_seconds histogram\n{body}{BUCKET.format('+Inf', upto)}took_seconds_count {upto}\n"

    tally = board.see(page(0), page(20_000))["took_seconds"]
    at_most = {bound: sum(value <= bound for value in values) for bound in (0.0, *bounds)}
    assert tally.count == 20_000
    for part in (0.5, 0.9, 0.95, 0.99):
        exact, found = values[int(part * 20_000)], tally.quantile(part)
        upper = next(bound for bound in bounds if bound >= exact)
        lower = max([bound for bound in bounds if bound < exact], default=0.0)
        assert found is not None
        assert lower * 0.97 <= found <= upper * 1.03
        within = (part * 20_000 - at_most[lower]) / (at_most[upper] - at_most[lower])
        assert found == pytest.approx(lower + (upper - lower) * within, rel=0.03, abs=(upper - lower) / 10)


def test_a_histogram_that_was_begun_anew_counts_what_it_has(board: Board) -> None:
    page = '# TYPE x histogram\nx_bucket{{le="1"}} {0}\nx_bucket{{le="+Inf"}} {1}\nx_count {1}\nx_sum 0\n'
    tallies = board.see(page.format(10, 20), page.format(12, 23), page.format(1, 3))
    assert tallies["x"].count == 3 + 3
    assert tallies["x"].high == 1.0  # beyond the last bound nobody knows


def test_buckets_that_are_not_cumulative_or_change_are_borne(board: Board) -> None:
    page = (
        '# TYPE x histogram\nx_bucket{{le="1"}} {}\nx_bucket{{le="2"}} {}\n'
        'x_bucket{{le="+Inf"}} {}\nx_bucket{{le="?"}} 1\n'
    )
    tallies = board.see(
        page.format(0, 0, 0), page.format(9, 5, 9), page.format("NaN", "NaN", "NaN"), page.format(9, 5, 9)
    )
    assert tallies["x"].count == 9
    board.see('# TYPE x histogram\nx_bucket{le="7"} 100\nx_bucket{le="+Inf"} 100\n')


def test_open_metrics_are_read(board: Board) -> None:
    page = (
        '# TYPE hits counter\n# UNIT hits requests\nhits_total {0} # {{trace="}} 1"}} 0.5 1\nhits_created 1.7e9\n'
        '# TYPE took histogram\ntook_bucket{{le="1.0"}} {0} # {{trace_id="a"}} 0.5\ntook_bucket{{le="+Inf"}} {0}\n'
        '# TYPE build info\nbuild_info{{version="1"}} 1\n# EOF\n'
    )  # fmt: skip
    assert board.totals(page.format(3), page.format(5), is_open=True) == {
        "hits_total": 2, "took": pytest.approx(1.0), 'build_info{version="1"}': 2,
    }  # fmt: skip


def test_a_time_of_its_own_is_believed_when_it_is_near(board: Board) -> None:
    now = board.clock.now()
    page = (
        f"a 1 {(now - 3_600) * 1_000:.0f}\nb 2 {now * 1_000:.0f}\nc 3 {(now + 3_600) * 1_000:.0f}\nd 4 NaN\ne 5 1e300\n"
    )
    assert board.totals(page) == {"b": 2}


def test_labels_of_ours_go_before_those_of_the_page(clock: FakeClock) -> None:
    board = Board(clock, labels={"room": "north"})
    (name,) = board.see('x{scrape="theirs",room="south",a="b"} 1')
    assert name == 'x{a="b",exported_room="south",exported_scrape="theirs",room="north"}'


def test_names_are_kept_and_dropped_by_patterns(clock: FakeClock) -> None:
    board = Board(clock, keep=("node_*", "up"), drop=("node_cpu_*",))
    assert set(board.see("node_load1 1\nnode_cpu_seconds 2\nup 1\nupper 1\nother 3\n")) == {"node_load1", "up"}


def test_more_series_than_are_wanted_are_left_out_and_counted(clock: FakeClock) -> None:
    board = Board(clock, most=10)
    assert len(board.see("".join(f'x{{n="{number}"}} 1\n' for number in range(100)))) == 10
    assert board.page.left_out == 90
    assert len(board.see("".join(f'x{{n="{number}"}} 1\n' for number in range(5_000)))) == 10
    assert len(board.page._known) < 40


def test_lines_that_make_no_sense_are_passed_over(board: Board) -> None:
    assert board.totals('x 1\n<html>\nx{a= 1\n\ny 2\r\nz{a="b"} 3') == {"x": 1, "y": 2, 'z{a="b"}': 3}
    assert board.page.bad == 2
    with pytest.raises(NotAPage):
        board.see("<html>\n<body>hello</body>\n")


def test_another_type_than_before_begins_anew(board: Board) -> None:
    board.see("# TYPE x gauge\nx 5\n")
    assert board.totals("# TYPE x counter\nx 7\n", "# TYPE x counter\nx 9\n") == {"x": 2}


def test_the_order_of_labels_is_none_of_the_series(board: Board) -> None:
    """Else two of one series would count the same rise twice, each by itself."""
    orders = ('a="1",b="2"', 'b="2",a="1"')
    pages = [f"# TYPE x counter\nx{{{orders[number % 2]}}} {100 + number}\n" for number in range(6)]
    assert board.totals(*pages) == {'x{a="1",b="2"}': 5}


def test_a_series_that_stands_twice_on_a_page_counts_once(board: Board) -> None:
    """Else a counter would seem to begin anew with each page."""
    page = '# TYPE x counter\nx{{a="1",b="2"}} {0}\nx{{a="1",b="2"}} 5\nx{{b="2",a="1"}} 7\n'
    assert board.totals(*map(page.format, (100, 101, 103))) == {'x{a="1",b="2"}': 3}
    assert board.page.bad == 2


def test_two_types_of_one_name_on_a_page_spoil_no_other(board: Board) -> None:
    """Pages that were put together of several: the first type is believed, and the other counters go on."""
    page = "# TYPE x counter\n# TYPE y counter\nx {0}\ny {0}\n# TYPE x gauge\n"
    assert board.totals(*map(page.format, (100, 101, 103))) == {"x": 3, "y": 3}


def test_what_comes_and_goes_leaves_its_place_to_others(clock: FakeClock) -> None:
    """Also lines of which nothing is taken: `_count` of a histogram, `_created`."""
    board = Board(clock, most=10)
    page = (
        '# TYPE h{n} histogram\nh{n}_bucket{{le="1"}} 1\nh{n}_bucket{{le="+Inf"}} 1\nh{n}_count 1\nh{n}_created 1\n'
        "# TYPE g{n} gauge\ng{n} 1\n"
    )
    for n in range(30):
        assert board.see(page.format(n=n), every=1_900.0).keys() >= {f"g{n}"}
        assert board.page.left_out == 0
    assert len(board.page._known) < 25


def test_of_a_tocsins_own_page_only_its_state_is_taken(board: Board) -> None:
    """What it shows of applications would come back to it, under another name each time."""
    page = "# HELP tocsin_lag x\n# TYPE tocsin_lag gauge\ntocsin_lag 1\norders_total 3\nload 4\n"
    assert board.totals(page) == {"tocsin_lag": 1}


def test_a_label_of_a_megabyte_and_rubbish_beside_it(board: Board) -> None:
    lines = (
        f'x{{a="{"y" * 1024**2}"}} 1',
        'x{a="\\"} 1',
        'x{a="n\0l"} 2 # {t="1"} 3',
        "z 1 # {} 1 NaN",
        "ok NaN",
        "ok2 2",
    )
    assert board.totals("\n".join(lines)) == {"z": 1, "ok2": 2, 'x{a="n l"}': 2}
    assert board.page.bad == 2


# over the network


def looked(port: int, **given: object) -> Board:
    board = Board(SystemClock(), **{"url": f"http://127.0.0.1:{port}/metrics", "timeout": 0.3, **given})
    board.target().look()
    return board


@pytest.mark.parametrize("packed", [True, False])
def test_a_page_comes_packed_or_not(packed: bool) -> None:
    heard: list[str] = []
    with exporter("x 1\n# EOF\n", OPEN, packed=packed, heard=heard) as port:
        found = looked(port, basic=None, bearer=Secret("s3cret")).tallies()
    assert found["x"].last == 1
    assert (found["scrape.up"].last, found["scrape.series"].last) == (1, 1)
    assert "accept: application/openmetrics-text;version=1.0.0" in heard[0]
    assert "authorization: Bearer s3cret" in heard[0]


ENEMIES = {
    "html": ok(b"<html>", "Content-Type: text/html\r\n"),
    "json": ok(b"{}", "Content-Type: application/json\r\n"),
    "rubbish": ok(b"hello\n", "Content-Type: text/plain\r\n"),
    "error": b"HTTP/1.1 503 s3cret\r\nContent-Length: 0\r\n\r\n",
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
    "no http": b"x 1\n",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx 1\n",
    "large": ok(b"x 1\n" * 1_000),
}


@pytest.mark.parametrize("enemy", ENEMIES)
def test_what_is_no_page_is_down_and_nothing_of_it_is_taken(enemy: str) -> None:
    with serving(answering(ENEMIES[enemy])) as port:
        board = looked(port, largest=2_000)
    assert {name: tally.last for name, tally in board.tallies().items()} == {"scrape.up": 0}


def test_one_that_drips_is_given_up_in_time() -> None:
    def drip(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        for _ in range(100):
            sock.sendall(b"x 1\n")
            _NEVER.wait(0.05)

    with serving(drip) as port, gevent.Timeout(2):
        assert set(looked(port).tallies()) == {"scrape.up"}


def test_one_that_stays_away_is_an_alarm_until_it_is_back(clock: FakeClock) -> None:
    with exporter("x 1\n") as port:
        board = Board(clock, url=f"http://127.0.0.1:{port}/metrics", timeout=1.0)
        target = board.target()
        target.look()
    assert board.alarms == ["scrape web is over"]  # of one from before the start
    for _ in range(3):
        target.look()
        clock.advance(200)
    assert len(board.alarms) == 2
    assert f"http://127.0.0.1:{port}/metrics: connection refused" in board.alarms[-1]


@contextmanager
def program(*command: str) -> Iterator[None]:
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        running.kill()
        running.wait()


def test_a_real_node_exporter_is_read_as_the_library_reads_it() -> None:
    name = need_program("prometheus-node-exporter", "prometheus-node-exporter")
    port = free_port()
    with program(name, f"--web.listen-address=127.0.0.1:{port}"):
        until(lambda: is_up(port))
        board = looked(port, timeout=5.0)
        theirs = list(text_string_to_metric_families(page_of(port)))
    found = board.tallies()
    gauges = {one.name for family in theirs if family.type == "gauge" for one in family.samples}
    assert {"node_load1", "node_memory_MemFree_bytes"} <= gauges
    assert gauges - {name.partition("{")[0] for name in found} <= {"go_info"} | {one for one in gauges if "nan" in one}
    assert found["scrape.series"].last > 300
    assert board.page.bad == 0


def test_a_real_prometheus_and_its_histograms_are_read(tmp_path: object) -> None:
    name, port = need_program("prometheus", "prometheus"), free_port()
    config = f"{tmp_path}/prometheus.yml"
    with open(config, "w") as file:  # noqa: PTH123
        file.write("global: {scrape_interval: 1h}\n")
    options = (
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with program(name, *options):
        until(lambda: is_up(port, "/-/ready"))
        board = Board(SystemClock(), url=f"http://127.0.0.1:{port}/metrics", timeout=5.0)
        target = board.target()
        query(port)
        target.look()
        for _ in range(5):
            query(port)
        target.look()
    found = board.tallies()
    asked = found['prometheus_http_request_duration_seconds{handler="/api/v1/query"}']
    assert asked.count == 5
    assert 0 < (asked.quantile(0.5) or 0) < 1
    assert found['prometheus_http_requests_total{code="200",handler="/api/v1/query"}'].total == 5


def is_up(port: int, path: str = "/metrics") -> bool:
    try:
        page_of(port, path)
    except OSError:
        return False
    return True


def page_of(port: int, path: str = "/metrics") -> str:
    with urlopen(f"http://127.0.0.1:{port}{path}") as page:
        text: bytes = page.read()
        return text.decode()


def query(port: int) -> None:
    with urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=1") as answer:
        assert json.load(answer)["status"] == "success"


def test_its_rules_are_listed_with_all_others(tmp_path: Path) -> None:
    rule = "{name: hot, expr: max(temp) over 1m, above: 3}"
    more = f"scrapes: [{{name: web, url: 'http://127.0.0.1:9/metrics', every: 1h, rules: [{rule}]}}]"
    with running_here(tmp_path, f"listen: {{http: '127.0.0.1:0', zmq: 'ipc://{tmp_path}/zmq'}}\n{more}\n") as tocsin:
        (listed,) = tocsin.rpc("rules.list")["result"]
    assert (listed["name"], listed["expr"]) == ("hot", 'max(temp{scrape="web"}) over 1m')


def test_another_rule_does_not_make_the_page_anew(clock: FakeClock) -> None:
    """Else its counters would begin anew, too."""
    board = Board(clock, every=3_600)
    hot = Rule(name="hot", expr=parse("max(temp) over 1m"), above=Level(3.0))
    settings = Settings(scrapes={"web": board.given})
    scrapes = Scrapes(board.table, clock, lambda: settings, board._alarm, board._over)
    scrapes.start()
    before = scrapes._running["web"]
    settings = Settings(scrapes={"web": replace(board.given, rules={"hot": hot})})
    scrapes.reload()
    assert scrapes._running["web"] is before
    scrapes.stop()
