"""The configuration that is shipped works as it stands, and whatever is done to it, only ConfigError comes of it."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.config.load import load
from daemon.config.shown import redacted
from daemon.errors import ConfigError
from daemon.hook import Hook
from daemon.loading import catalog

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "etc" / "tocsin.yml"
TEXT = SHIPPED.read_text()
ENVIRON = {name: f"/value-of-{name}" for name in re.findall(r"\$\{([A-Z_]+)", TEXT)}
ENVIRON["DINGTALK_URL"] = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
ENVIRON["HEALTHCHECKS_URL"] = "https://hc-ping.example.com/0123456789abcdef"
ENVIRON["SHOP_SENTRY_KEY"] = "0123456789abcdef0123456789abcdef"
ENVIRON["BACKUP_PING_KEY"] = "0123456789abcdef0123456789abcdef"
CATALOG = catalog("")

# pieces that mean something to YAML, to references or to the settings
PIECES = st.sampled_from(
    ["\t", "  ", "\n", ": ", "- ", "[", "]", "{", "}", "'", '"', "#", "&a ", "*a", "!x ", "? ", "<<: ", "${", "${X}",
     "$$", "file:/", "file:/dev/zero", "~", "null", "- - - ", "|", ">", "%", "@", "\x00", "\ufeff", "\u2028", "0x7f",
     "1e999", "-1", "9" * 40, "include: '*'", "type: ", "name: ", "route:", "a" * 3_000, "{{", "}}", "\\", "---\n",
     "...\n", "\ud800"]
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, len(TEXT)), st.integers(0, 40), PIECES | st.text(max_size=8)), min_size=1, max_size=6
)


def test_loads_without_a_warning_wherever_it_is_started() -> None:
    loaded = load(SHIPPED, lambda _: CATALOG, {})
    assert loaded.warnings == []
    assert loaded.settings.store == "sqlite:////var/lib/tocsin/tocsin.db"
    assert loaded.settings.listen.http.startswith("127.0.0.1:")
    assert loaded.settings.log.file == ""
    state = load(SHIPPED, lambda _: CATALOG, {"TOCSIN_STATE": "/tmp/x", "TOCSIN_LOG_FILE": "/tmp/x/log"}).settings
    assert (state.store, state.log.file) == ("sqlite:////tmp/x/tocsin.db", "/tmp/x/log")


def test_also_with_everything_in_it_that_is_commented_out(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?= *(- |[a-z_-]+:))", "", TEXT)
    text = text.replace("  datadog: {}                   # ", "  datadog: ")
    for name in ("prometheus.token", "curve.secret"):
        (tmp_path / name).write_text("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7")
        (tmp_path / name).chmod(0o600)
    text = text.replace("/etc/tocsin/", f"{tmp_path}/").replace(
        "…40 characters…", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    )
    file = tmp_path / "tocsin.yml"
    file.write_text(text)
    loaded = load(file, lambda _: CATALOG, ENVIRON)
    assert loaded.warnings == []
    assert loaded.settings.auth.curve
    assert [token.name for token in loaded.settings.auth.tokens] == ["ops", "prometheus"]
    assert set(loaded.settings.channels) == {"console", "sms", "chat", "mail"}
    assert loaded.settings.receivers["ops"].notify[1].to == ("lin", "team:dba", "schedule:night")
    for of_these in (
        {"own-door", "shop", "shop-orders", "mail-certificate", "shop-name", "router", "db"},
        {"disk", "memory", "load", "plug-in", "nginx", "orders", "shop-errors"},
        {"orders-are-read", "mails-are-read"},
    ):
        assert set(loaded.settings.probes) >= of_these
    assert loaded.settings.sources["datadog"].token


@pytest.mark.parametrize(
    ("body", "key", "state", "severity"),
    [
        (b'{"title": "hello", "severity": "warning"}', "hello", "firing", "warning"),
        (b'{"key": "db-1/disk", "title": "Disk almost full", "status": "resolved"}', "db-1/disk", "resolved", "error"),
        (b'{"key": "k", "title": "t", "state": "ok", "host": "db-1", "text": "more"}', "k", "resolved", "error"),
    ],
)
def test_its_script_source_takes_what_the_readme_sends(body: bytes, key: str, state: str, severity: str) -> None:
    source = load(SHIPPED, lambda _: CATALOG, {}).settings.sources["script"]
    (event,) = source.handler.handle(Hook(source="script", body=body, options=source.options))
    assert (event.key, event.state, event.severity) == (key, state, severity)


@given(EDITS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(0, len(TEXT), "\ud800")])
@example([(TEXT.index("store:"), 0, "include: 'file:/dev/zero'\n")])
@example([(TEXT.index("8420"), 0, "${TOCSIN_STATE}")])
def test_random_edits_make_a_configuration_or_a_config_error(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for position, length, piece in edits:
        text = text[:position] + piece + text[position + length :]
    file = tmp_path / "tocsin.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        loaded = load(file, lambda _: CATALOG, ENVIRON)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = [f"{file}: none"]
        assert redacted(loaded.settings)
    assert problems
    assert all(problem.isprintable() and problem.startswith(str(tmp_path)) for problem in problems)
