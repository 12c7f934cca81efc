"""One home for each library, one clock, one patch: what the layers alone cannot say."""

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest

from tree import ROOT, dotted, imports, name, nodes, python, tree

# Where a library may be imported: files, or folders with a slash at the end.
HOMES = {
    "apprise": ("daemon/senders/apprise.py",),
    "brotli": ("daemon/payload/coding.py",),
    "bottle": ("daemon/listener/admission.py", "daemon/listener/house.py"),
    "chinese_calendar": ("daemon/calendars/china.py",),
    "certifi": ("daemon/probes/network/trust.py", "daemon/senders/connections.py"),
    "cryptography": ("daemon/payload/signed.py", "daemon/probes/network/certificate.py"),
    "gevent": (
        "daemon/__main__.py",
        "daemon/agenda.py",
        "daemon/aside.py",
        "daemon/control/",
        "daemon/delivery/",
        "daemon/faults/faults.py",
        "daemon/fleet/",
        "daemon/history/",
        "daemon/intakes/",
        "daemon/listener/",
        "daemon/probes/",
        "daemon/probing/",
        "daemon/programs.py",
        "daemon/proof/",
        "daemon/pulse.py",
        "daemon/resolver.py",
        "daemon/selfcheck.py",
        "daemon/senders/",
        "daemon/series/",
        "daemon/sentry/digest.py",
        "daemon/store/sqlite.py",
        "daemon/thresholds/keeper.py",
    ),
    "dns": ("daemon/probes/dns.py", "daemon/probes/network/questions.py", "daemon/probes/network/records.py"),
    "greenlet": ("daemon/listener/connection.py",),
    "httptools": ("daemon/probes/fetch/answer.py", "daemon/listener/inbox.py", "daemon/senders/http.py"),
    "icalendar": ("daemon/oncall/ical.py",),
    "kafka": ("daemon/probes/brokers/",),
    "jinja2": ("daemon/template/", "daemon/web/page.py"),
    "msgspec": ("daemon/", "handlers/"),
    "prometheus_client": ("daemon/telemetry.py",),
    "psutil": ("daemon/probes/",),
    "re2": ("daemon/matcher.py",),
    "yaml": ("daemon/config/nodes.py",),
    "zmq": ("daemon/cli/", "daemon/control/", "daemon/fleet/", "daemon/probes/zmq.py"),
    # of the standard library, but as much somebody's alone
    "sqlite3": ("daemon/store/",),
    "ssl": ("daemon/probes/", "daemon/senders/"),
    "pwd": ("daemon/privileges.py",),
    "grp": ("daemon/privileges.py",),
    "argparse": ("daemon/__main__.py", "daemon/cli/"),
    "unittest": (),
    "requests": (),
    "datadog": (),  # only instrumented programs have it: docs/examples/trading/trading.py
}
DECISIONS = (
    "daemon/alerting/",
    "daemon/calendars/",
    "daemon/config/",
    "daemon/methods/",
    "daemon/oncall/",
    "handlers/",
)
CLOCK = {"time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns", "process_time"}
TODAY = {"now", "utcnow", "today"}
HANDLERS_MAY = {"errors", "event", "hook", "payload", "registry", "template", "units"}


def lives(path: Path, homes: tuple[str, ...]) -> bool:
    return any(name(path) == home or (home.endswith("/") and name(path).startswith(home)) for home in homes)


def test_each_library_has_its_homes() -> None:
    strangers = []
    for path in python("daemon", "handlers"):
        for line, imported in imports(path):
            top = imported.partition(".")[0]
            if top in {"daemon", "handlers"} or (top in sys.stdlib_module_names and top not in HOMES):
                continue
            if top not in HOMES:
                strangers.append(f"{name(path)}:{line} imports {top}, which has no home: name it in HOMES")
            elif not lives(path, HOMES[top]):
                strangers.append(f"{name(path)}:{line} imports {top}, whose home is {HOMES[top]}")
    assert not strangers, "\n".join(strangers)


def test_an_example_is_made_of_the_standard_library_and_what_it_shows() -> None:
    """It can be copied from here, and stands for programs of others: nothing of tocsin's own, nothing of the tests."""
    foreign = {
        (name(path), top)
        for path in python("docs")
        for _, imported in imports(path)
        if (top := imported.partition(".")[0]) not in sys.stdlib_module_names
        and not (path.parent / f"{top}.py").exists()
    }
    assert foreign == {("docs/examples/trading/trading.py", "datadog")}


def test_no_home_is_empty() -> None:
    """A home that nobody uses any more is taken off the list."""
    used = {
        (imported.partition(".")[0], home)
        for path in python("daemon", "handlers")
        for _, imported in imports(path)
        for home in HOMES.get(imported.partition(".")[0], ())
        if lives(path, (home,))
    }
    empty = [(library, home) for library, homes in HOMES.items() for home in homes if (library, home) not in used]
    assert not empty


def test_decisions_do_not_know_gevent() -> None:
    assert not [
        f"{name(path)}:{line}"
        for path in python("daemon", "handlers")
        if lives(path, DECISIONS)
        for line, imported in imports(path)
        if imported.partition(".")[0] == "gevent"
    ]


def test_handlers_import_only_what_is_meant_for_them() -> None:
    allowed = {f"daemon.{module}" for module in HANDLERS_MAY}
    astray = [
        f"{name(path)}:{line} imports {imported}"
        for path in python("handlers")
        for line, imported in imports(path)
        if imported.startswith("daemon") and ".".join(imported.split(".")[:2]) not in allowed
    ]
    assert not astray, "\n".join(astray)


def rooms_on_the_page() -> str:
    """What docs/architecture.md says of rooms and layers."""
    return (ROOT / "docs/architecture.md").read_text().partition("## Rooms and layers\n")[2].partition("\n## ")[0]


def test_the_picture_of_the_layers_is_the_contract() -> None:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    layers = contract["importlinter:contract:layers"]["layers"].strip()
    drawn = re.findall(r"^```\n(.*?)\n```$", rooms_on_the_page(), re.MULTILINE | re.DOTALL)
    assert drawn == [layers]
    assert "`.importlinter`" in rooms_on_the_page()


def test_the_page_names_what_handlers_may_import() -> None:
    said = re.search(r"A handler imports, of the daemon, only (.*?), and never", rooms_on_the_page(), re.DOTALL)
    assert said is not None
    assert set(re.findall(r"`(\w+)`", said[1])) == HANDLERS_MAY


def test_nobody_but_the_loader_imports_handlers() -> None:
    assert {
        name(path) for path in python("daemon") for _, imported in imports(path) if imported.startswith("handlers")
    } <= {"daemon/loading.py"}


def test_only_main_patches() -> None:
    patching = {
        name(path)
        for path in python("daemon", "handlers")
        for node in nodes(path)
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2].startswith("patch_")
    }
    assert patching == {"daemon/__main__.py"}


def tells_time(node: ast.AST) -> bool:
    """Whether this is a use of the system's clock: `time.monotonic`, `datetime.now()`, or importing them by name."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "time" and any(alias.name in {*CLOCK, "sleep"} for alias in node.names)
    if isinstance(node, ast.Attribute):
        before, _, last = dotted(node).rpartition(".")
        return (before == "time" and last in {*CLOCK, "sleep"}) or (
            before.rpartition(".")[2] in {"datetime", "date"} and last in TODAY
        )
    return False


def test_only_the_clock_tells_the_time() -> None:
    telling = [
        f"{name(path)}:{node.lineno}"
        for path in python("daemon", "handlers")
        if name(path) != "daemon/clock.py"
        for node in nodes(path)
        if tells_time(node) and isinstance(node, ast.Attribute | ast.ImportFrom)
    ]
    assert not telling, "\n".join(telling)


def test_no_test_sleeps() -> None:
    """`gevent.sleep(0)` only lets others run; everything longer is a wait for an event, or a clock turned by hand."""
    sleeping = [
        f"{name(path)}:{node.lineno} {ast.unparse(node)}"
        for path in python("tests")
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and dotted(node.func) in {"time.sleep", "gevent.sleep", "sleep", "hub.sleep"}
        and not (len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]
    assert not sleeping, "\n".join(sleeping)


def test_nothing_of_ours_is_mocked() -> None:
    mocking = [
        f"{name(path)}:{line}"
        for path in python("tests")
        for line, imported in imports(path)
        if imported.startswith(("unittest.mock", "mock"))
    ]
    assert not mocking, "\n".join(mocking)


def test_every_test_module_is_collected() -> None:
    stray = [
        name(path)
        for path in python("tests")
        if any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in tree(path).body)
        and not path.name.startswith("test_")
    ]
    assert not stray


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("time.monotonic()", True),
        ("datetime.datetime.now(UTC)", True),
        ("datetime.now", True),
        ("from time import monotonic", True),
        ("clock.monotonic()", False),
        ("self._clock.now()", False),
        ("from datetime import datetime", False),
    ],
)
def test_the_eye_for_clocks(code: str, expected: bool) -> None:
    assert any(tells_time(node) for node in ast.walk(ast.parse(code))) is expected


def test_no_module_takes_a_name_of_the_package_python_daemon() -> None:
    assert not (ROOT / "daemon/daemon.py").exists()
    assert not (ROOT / "daemon/pidfile.py").exists()
