"""tocsinctl against a real port: what people and scripts get, and the exit codes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest
import zmq.green as zmq
from gevent.server import StreamServer

from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.config.settings import Auth, Curve, CurveClient, Settings
from daemon.control.port import ControlPort
from daemon.errors import SendRefused
from daemon.registry import Catalog
from daemon.secret import Secret
from fake_parts import Desk, FakeLane

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.slow  # each command is a new process


def test_status_is_a_sentence_with_figures_and_exit_code_0(run: Run, desk: Desk) -> None:
    desk.send("磁盘满了")
    done = run("status")
    assert done.returncode == 0, done.stderr
    assert "tocsin 9.9 is ok" in done.stdout
    assert "1 critical" in done.stdout
    assert "sms" in done.stdout


def test_a_degraded_daemon_runs_all_the_same_and_says_why(run: Run, desk: Desk) -> None:
    desk.courier.lanes = [FakeLane(channel="sms", breaker="open", reason="arrears")]
    done = run("status")
    assert done.returncode == 0
    assert "is degraded" in done.stdout
    assert "! channel sms is broken (open): arrears" in done.stdout


def test_json_is_the_answer_itself_before_or_after_the_words(run: Run) -> None:
    for words in (("status", "--json"), ("--json", "status")):
        assert json.loads(run(*words).stdout)["state"] == "ok"


def test_an_alarm_is_raised_listed_shown_and_ended(run: Run) -> None:
    sent = run("send", "disk full", "--severity", "critical", "--label", "host=a", "--label", "team=db")
    assert (sent.returncode, sent.stdout) == (0, "A1: new\n"), sent.stderr
    assert "disk full" in run("alerts", "list").stdout
    for words in (("alerts", "get", "A1"), ("show", "a1")):
        shown = run(*words).stdout
        assert "host=a" in shown
        assert "team=db" in shown
        assert "oncall" in shown
    whole = run("show", "A1", "--json").stdout
    for copied in ("(A1)", "（a1）", " a1,", "Ａ1", "[A1]", "1"):
        assert run("show", copied, "--json").stdout == whole, "as it stands in a message"
    assert run("alerts", "get", "(A1)", "--json").stdout == whole
    assert run("send", "disk full", "--label", "host=a", "--label", "team=db", "--resolve").stdout == "A1: resolved\n"
    assert "resolved" in run("alerts", "list", "--state", "resolved").stdout
    assert run("alerts", "list", "--state", "firing").stdout == "(none)\n"


def test_deliveries_are_listed_shown_and_retried(run: Run, desk: Desk) -> None:
    desk.send()
    assert "D1" in run("deliveries", "list", "--phase", "waiting").stdout
    assert "lin +8613800000001" in run("show", "D1").stdout
    refused = run("deliveries", "retry", "D1")
    assert refused.returncode == 1
    assert "only a dead delivery" in refused.stderr


def test_an_error_answer_is_exit_code_1_and_json_where_wanted(run: Run) -> None:
    done = run("alerts", "get", "A99", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == -32004
    assert "there is no alert A99" in done.stderr


def test_a_test_message_that_is_refused_is_exit_code_1(run: Run, desk: Desk) -> None:
    assert run("channels", "test", "sms", "lin").returncode == 0
    desk.courier.error = SendRefused("the number is blocked", code="isv.MOBILE")
    done = run("channels", "test", "sms", "lin")
    assert (done.returncode, done.stdout) == (1, "not sent to lin over sms: isv.MOBILE the number is blocked\n")


def test_a_handler_is_tried_with_its_samples(run: Run) -> None:
    done = run("test-source", "shop", "--send")
    assert done.returncode == 0
    assert "till is stuck" in done.stdout
    assert "sent: A1 new" in done.stdout
    assert run("sources", "test", "broken").returncode == 1


def test_a_body_from_a_file_or_from_standard_input_is_tried(run: Run, port: ControlPort, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"key": "k", "title": "磁盘满了", "state": "firing"}', encoding="utf-8")
    done = run("test-source", "shop", "--body", str(body), "--send")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the body: ok\n  [firing, error] 磁盘满了 (key k)  team=sales\n  sent: A1 new\n"
    command = [sys.executable, "-m", "daemon.cli", "--url", port.endpoint, "test-source", "shop", "--body", "-"]
    piped = subprocess.run(command, cwd=ROOT, input=b"{}", capture_output=True, check=False)
    assert piped.returncode == 1
    assert piped.stdout.startswith(b"the body: not a shop body")


def test_keys_are_made_as_json_where_wanted(run: Run, tmp_path: Path) -> None:
    made = json.loads(run("keygen", "--json").stdout)
    assert zmq.curve_public(made["secret"].encode()).decode() == made["public"]
    assert set(json.loads(run("keygen", "--json", "--out", str(tmp_path)).stdout)) == {
        "name", "public", "public_file", "secret_file",
    }  # fmt: skip


def test_config_check_sends_the_whole_path_and_fails_on_problems(run: Run, desk: Desk) -> None:
    assert run("config", "check", "etc/x.yml").returncode == 0
    assert desk.checked == [str(ROOT / "etc/x.yml")]
    desk.problems = ["etc/tocsin.yml:3: route.receiver: there is no receiver 'x'"]
    done = run("config", "check")
    assert done.returncode == 1
    assert "problem: etc/tocsin.yml:3" in done.stdout
    assert run("config", "reload").returncode == 1


def test_any_method_can_be_called_with_json_or_text(run: Run, desk: Desk) -> None:
    done = run("call", "events.send", "title=hello", 'labels={"a": "1"}', "key=x=y")
    assert json.loads(done.stdout)["change"] == "new"
    assert run("call", "alerts.list", "limit=0").returncode == 2
    del desk


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("alerts",),
        ("alerts", "get"),
        ("send",),
        ("send", "x", "--severity", "awful"),
        ("send", "x", "--label", "novalue"),
        ("status", "--timeout", "0"),
        ("send", ""),
        ("send", "x", "--link", "page=ftp://example.com/"),
        ("alerts", "get", "X1"),
        ("show", "X1"),
        ("show", "()"),
        ("call", "ping", "noequals"),
        ("ping", "--url", "http://127.0.0.1:1"),
        ("ping", "--server-key", "x" * 40),
        ("ping", "--server-key", "short", "--key-file", "/dev/null"),
        ("ping", "--server-key", "x" * 40, "--key-file", "/nowhere/at/all"),
    ],
    ids=lambda words: " ".join(words)[:30] or "nothing",
)
def test_wrong_usage_is_exit_code_2_with_a_sentence(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_request_that_the_daemon_would_hang_up_on_is_not_sent(run: Run) -> None:
    done = run("send", "x", *(part for number in range(12) for part in ("--label", f"l{number}={'x' * 100_000}")))
    assert done.returncode == 2
    assert "at most 1048576 are taken" in done.stderr


def test_a_daemon_that_is_not_running_is_exit_code_3(run: Run, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        for url in (nobody, f"ipc://{tmp_path}/tocsin.ipc"):
            done = run("status", url=url)
            assert done.returncode == 3
            assert "not running" in done.stderr


def test_no_answer_in_time_is_exit_code_4(run: Run) -> None:
    over = gevent.event.Event()
    silent = StreamServer(("127.0.0.1", 0), lambda *_: over.wait())
    silent.start()
    done = run("status", "--timeout", "0.3", url=f"tcp://127.0.0.1:{silent.server_port}")
    over.set()
    silent.stop()
    assert done.returncode == 4
    assert "did not answer within 0.3 s" in done.stderr


def test_something_else_that_speaks_zeromq_is_exit_code_4(run: Run) -> None:
    context = zmq.Context()
    other = context.socket(zmq.REP)
    other.linger = 0
    other.bind("tcp://127.0.0.1:0")

    def rubbish() -> None:
        other.recv()
        other.send(b"hello")

    answering = gevent.spawn(rubbish)
    done = run("ping", url=other.last_endpoint.decode())
    answering.join()
    context.destroy(linger=0)
    assert done.returncode == 4
    assert "does not answer like tocsin" in done.stderr


def test_a_name_that_does_not_resolve_is_exit_code_4(run: Run) -> None:
    assert run("status", url="tcp://no-such-host.invalid:8421").returncode == 4


def test_keys_made_by_keygen_open_a_guarded_door_and_others_do_not(run: Run, desk: Desk, tmp_path: Path) -> None:
    assert run("keygen", "--out", str(tmp_path), "--name", "lin").returncode == 0
    server_public, server_secret = (key.decode() for key in zmq.curve_keypair())
    lin = CurveClient(name="lin", public=(tmp_path / "lin.public").read_text().strip())
    settings = Settings(auth=Auth(curve=Curve(secret_key=Secret(server_secret), clients=(lin,))))
    guarded = ControlPort(desk.table, lambda: settings, SystemClock(), "tcp://127.0.0.1:0")
    guarded.start()
    keys = {"TOCSIN_KEY_FILE": str(tmp_path / "lin.secret"), "TOCSIN_SERVER_KEY": server_public}
    try:
        assert run("ping", url=guarded.endpoint, **keys).returncode == 0
        denied = run("log", "level", "debug", url=guarded.endpoint, **keys)
        assert denied.returncode == 1
        assert 'lin lacks the right "admin", which log.level needs' in denied.stderr
        without = run("ping", url=guarded.endpoint)
        assert without.returncode == 4
        assert "it wants a key" in without.stderr
        (tmp_path / "lin.secret").write_bytes(zmq.curve_keypair()[1])
        unknown = run("ping", url=guarded.endpoint, **keys)
        assert unknown.returncode == 4
        assert "does not know this key" in unknown.stderr
    finally:
        guarded.stop()


def test_the_page_s_way_to_keys_works_as_written(desk: Desk, tmp_path: Path) -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    section = page.partition("### Keys for the ZeroMQ door\n")[2].partition("\n## ")[0]
    servers, clients, call = (section.split("```sh\n")[i].partition("```")[0] for i in (1, 2, 3))
    own = {"/etc/tocsin": str(tmp_path), "~/.tocsin": str(tmp_path), "chgrp tocsin": f"chgrp {os.getegid()}"}

    def shell(script: str, **more: str) -> "subprocess.CompletedProcess[str]":
        for written, here in {**own, "tocsinctl": f"{sys.executable} -m daemon.cli", **more}.items():
            script = script.replace(written, here)
        return subprocess.run(["bash", "-ec", script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert shell(servers).returncode == 0
    assert (tmp_path / "curve.secret").stat().st_mode & 0o777 == 0o640
    public = shell(clients).stdout.splitlines()[-1]
    text = section.partition("```yaml\n")[2].partition("```")[0].replace("/etc/tocsin", str(tmp_path))
    (tmp_path / "tocsin.yml").write_text(
        "receivers: [{name: ops}]\nroute: {receiver: ops}\n" + text.replace("what laptop.public holds", public)
    )
    settings = load(tmp_path / "tocsin.yml", lambda _: Catalog(), {}).settings
    guarded = ControlPort(desk.table, lambda: settings, SystemClock(), "tcp://127.0.0.1:0")
    guarded.start()
    here = {"tcp://alarms.example.com:8421": guarded.endpoint, "curve.public": f"{tmp_path}/curve.public"}
    try:
        done = shell(call, **here)
    finally:
        guarded.stop()
    assert (done.returncode, done.stderr) == (0, "")
    assert "tocsin 9.9 is ok" in done.stdout


def test_an_interrupt_ends_it_cleanly(port: ControlPort, desk: Desk) -> None:
    entered, over = gevent.event.Event(), gevent.event.Event()

    @desk.table.method("hang", "read")
    def hang() -> None:
        """Hang."""
        entered.set()
        over.wait()

    waiting = subprocess.Popen(
        [sys.executable, "-m", "daemon.cli", "--url", port.endpoint, "--timeout", "60", "call", "hang"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    assert entered.wait(20)
    waiting.send_signal(signal.SIGINT)
    _, complaint = waiting.communicate(timeout=20)
    over.set()
    assert (waiting.returncode, complaint) == (130, b"")


def test_a_reader_that_has_seen_enough_is_no_error(port: ControlPort) -> None:
    done = subprocess.run(
        f"{sys.executable} -m daemon.cli --url {port.endpoint} methods --json | true; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_a_terminal_without_chinese_gets_question_marks(run: Run, desk: Desk) -> None:
    desk.send("磁盘满了")
    done = run("alerts", "list", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "????" in done.stdout


def test_a_silence_from_its_first_word_to_its_last(run: Run, desk: Desk) -> None:
    desk.send("磁盘满了")
    made = run("silence", "add", "source=cli", 'severity=~"crit.*"', "--for", "2h", "--comment", "换盘")
    assert made.returncode == 0, made.stderr
    assert "S1 is active" in made.stdout
    assert "It matches 1 open alert" in made.stdout
    assert "换盘" in run("show", "S1").stdout
    moved = run("silence", "update", "S1", "--match", "source=cli", "--for", "3h")
    assert "S2 is active" in moved.stdout
    assert [one["code"] for one in json.loads(run("silence", "list", "--over", "--json").stdout)] == ["S2", "S1"]
    assert run("silence", "expire", "S2").stdout == "S2 is over; it hid 0 alarms, still firing: 0\n"
    wrong = run("silence", "add", "source=~.*", "--for", "2h")
    assert (wrong.returncode, "must not match the empty string" in wrong.stderr) == (2, True)
    window = run("maintenance", "open", "deploy", "--match", "source=cli", "--match", "severity=critical")
    assert 'source="cli" severity="critical"' in window.stdout
    assert "maintenance deploy (S3) is over" in run("maintenance", "close", "deploy").stdout


def test_it_starts_without_anything_of_the_daemon() -> None:
    program = "import sys, daemon.cli; print(*sorted(sys.modules), sep=chr(10))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert not {"gevent", "msgspec", "yaml", "jinja2", "bottle", "prometheus_client"} & set(modules)
    assert [name for name in modules if name.startswith("daemon.") and not name.startswith("daemon.cli")] == []
