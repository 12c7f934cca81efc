"""What tocsin tells about the reports of Sentry SDKs: its own numbers, its settings, its status."""

from dataclasses import replace
from pathlib import Path

import pytest

from daemon import telemetry
from daemon.config.load import load
from daemon.errors import ConfigError
from daemon.exposition import TEXT
from daemon.internal import Check
from daemon.loading import catalog
from daemon.sentry.digest import BEHIND
from daemon.sentry.status import ProjectStatus, status
from daemon.store.spool import Waiting
from fake_clock import FakeClock
from http_client import ask
from reporting import AUTH, SHOP, Reporting, envelope, event, item

BASE = """
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops}
"""


def value(metric: str, **labels: str) -> float:
    return telemetry.REGISTRY.get_sample_value(metric, labels) or 0.0


def test_each_request_moves_the_numbers_that_tell_of_it(port: int, reporting: Reporting) -> None:
    app = "numbers"
    reporting.settings.projects.clear()
    reporting.settings.projects[app] = replace(SHOP, rate=1)
    before = value("tocsin_sentry_requests_total", app=app, result="taken")
    for number in range(12):
        ask(port, "POST", "/api/42/envelope/", envelope(item(event(event_id=f"{number:032x}"))), AUTH)
    assert value("tocsin_sentry_requests_total", app=app, result="taken") - before == 9
    assert value("tocsin_sentry_requests_total", app=app, result="refused") == 3
    assert value("tocsin_sentry_spool_bytes", app=app) > 0
    reporting.put(b"spoilt", app=app)
    reporting.turn()
    assert value("tocsin_sentry_items_total", app=app, kind="error") == 9
    assert value("tocsin_sentry_aside_total", app=app) == 1
    assert value("tocsin_sentry_spool_bytes", app=app) == 0
    reporting.store.close()
    reporting.settings.projects[app] = SHOP
    ask(port, "POST", "/api/42/envelope/", envelope(item(event())), AUTH)
    assert value("tocsin_sentry_requests_total", app=app, result="unavailable") == 1


def test_a_project_that_was_taken_out_leaves_no_ghost_once_nothing_of_it_waits(reporting: Reporting) -> None:
    reporting.put(envelope(item(event())), app="was-here")
    reporting.put(b"spoilt", app="was-here")
    assert value("tocsin_sentry_spool_bytes", app="was-here") > 0
    reporting.turn()
    assert 'app="was-here"' not in telemetry.exposition(TEXT).decode()


def test_its_status_has_those_who_are_configured_and_those_who_were(reporting: Reporting) -> None:
    reporting.put(envelope(item(event())), app="gone")
    reporting.turn()
    reporting.put(b"later")
    reporting.put(b"spoilt", app="gone")
    found = reporting.store.read(lambda tx: status(tx, reporting.settings.projects))
    assert found.projects == [
        ProjectStatus(name="gone", id=None, waiting=Waiting(1, 6), worked_through={"error": 1}),
        ProjectStatus(name="shop", id=42, waiting=Waiting(1, 5), worked_through={}),
    ]
    assert found.oldest == reporting.clock.now()
    reporting.turn()
    found = reporting.store.read(lambda tx: status(tx, reporting.settings.projects))
    assert [(one.app, one.size) for one in found.aside] == [("gone", 6), ("shop", 5)]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("projects: {a: {id: 1, key: k1}, b: {id: 1, key: k2}}", "is that of a already"),
        ("projects: {a: {id: 1, key: 'k 1'}}", "stands in an address"),
        ("projects: {a: {id: 1, key: k1, old_keys: ['k/2']}}", "stand in an address"),
        ("projects: {'a b': {id: 1, key: k1}}", "a name has"),
        ("projects: {a: {id: 0, key: k1}}", "id"),
        ("{expanded: 1MB, event: 2MB}", "event must fit"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, section: str, said: str) -> None:
    file = tmp_path / "tocsin.yml"
    inside = section if section.startswith("{") else f"{{{section}}}"
    file.write_text(f"{BASE}store: sqlite:///{tmp_path}/t.db\nsentry: {inside}\n")
    with pytest.raises(ConfigError) as error:
        load(file, lambda _: catalog(""), {})
    assert said in str(error.value.problems)


def test_how_far_behind_the_digest_is_can_be_seen_and_is_an_alarm(reporting: Reporting, clock: FakeClock) -> None:
    reporting.put(envelope(item(event())))
    clock.advance(BEHIND - 1)
    reporting.digest.turn()
    assert (value("tocsin_sentry_age_seconds"), reporting.alarms) == (BEHIND - 1, [])
    reporting.put(envelope(item(event())))
    clock.advance(BEHIND)
    reporting.turn()
    assert value("tocsin_sentry_age_seconds") == 0
    assert [one[:3] for one in reporting.alarms] == [
        (Check.REPORTS, ("shop",), "Error reports of shop wait for 5m to be worked through")
    ]


def test_settings_about_errors_of_an_application_that_reports_none_are_doubtful(tmp_path: Path) -> None:
    file = tmp_path / "tocsin.yml"
    file.write_text(BASE + "sentry: {projects: {shop: {id: 1, key: k}}}\nerrors: {apps: {shop: {}, shpo: {}}}\n")
    file.chmod(0o600)
    (warning,) = [one for one in load(file, catalog, {}).warnings if "errors.apps" in one]
    assert "errors.apps.shpo: no project of sentry.projects has this name" in warning
