"""One record is one line; the file rotates, follows logrotate, and its troubles are nobody else's."""

import errno
import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gevent
import pytest

from daemon import log
from daemon.errors import ConfigError
from daemon.logfile import LogFile

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

logger = logging.getLogger("tocsin.test")


@dataclass(frozen=True, kw_only=True)
class Where:
    file: str = ""
    level: str = "info"
    format: str = "text"
    max_bytes: int = 0
    keep: int = 3


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, text)


class Rude:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.fixture(autouse=True)
def _back_to_standard_error() -> Iterator[None]:
    yield
    log.configure(Where())


def lines_of(file: Path) -> list[str]:
    return file.read_text().split("\n")[:-1]


def straight(message: object, *args: object) -> None:
    """Past pytest's own handler, which raises what a wrong call raises."""
    (handler,) = (one for one in logging.getLogger().handlers if isinstance(one, LogFile))
    handler.handle(logger.makeRecord(logger.name, logging.INFO, __file__, 1, message, args, None))


def test_a_line_names_the_alarm_from_door_to_handset(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log")))
    logger.info("sent %s", "well", extra={"alert": "A17", "delivery": "D5", "channel": "sms"})
    logger.warning("heard", extra={"source": "datadog", "probe": None})
    first, second = lines_of(tmp_path / "log")
    assert re.fullmatch(ISO + r" INFO tocsin\.test \[A17 D5 sms\] sent well", first)
    assert re.fullmatch(ISO + r" WARNING tocsin\.test \[datadog\] heard", second)


def test_json_lines_carry_the_same_as_fields(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log"), format="json"))
    logger.error("sent %s", "托辛", extra={"alert": "A17", "delivery": 5, "probe": "shop"})
    (line,) = lines_of(tmp_path / "log")
    found = json.loads(line)
    assert re.fullmatch(ISO, found.pop("time"))
    assert found == {
        "level": "error",
        "logger": "tocsin.test",
        "message": "sent 托辛",
        "alert": "A17",
        "delivery": "5",
        "probe": "shop",
    }


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_795_222_800.0015, "2026-11-21T01:00:00.001Z"),
        (-0.5, "1969-12-31T23:59:59.500Z"),
    ],
)
def test_times_are_utc_to_the_millisecond(created: float, expected: str) -> None:
    assert log.stamp(created) == expected


@pytest.mark.parametrize("format_", ["text", "json"])
def test_whatever_is_logged_is_one_line(format_: str, tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log"), format=format_))
    hostile = f"a{LINE_ENDS}\x00\x1b[31m\x7f\u202e\ud800 b"
    logger.info(hostile)
    logger.info("%s", hostile, extra={"alert": hostile})
    try:
        raise ValueError(hostile)
    except ValueError:
        logger.exception("failed", stack_info=True)
    logger.info({"not": "text"})
    straight("one %s two %s", "only")
    straight("%s", Rude())
    raw = (tmp_path / "log").read_bytes()
    text = raw.decode()
    assert len(text.splitlines()) == text.count("\n") == 6
    assert all(line.isprintable() for line in text.split("\n"))
    if format_ == "json":
        found = [json.loads(line) for line in text.splitlines()[:5]]
        assert found[0]["message"] == hostile
        assert hostile.partition("\n")[2] in found[2]["traceback"]
        assert "Stack (most recent call last)" in found[2]["traceback"]
    else:
        assert 'traceback="Traceback (most recent call last):\\n  File ' in text
    assert "one %s two %s ('only',)" in text
    assert "cannot be written as text" in text


def test_long_messages_and_endless_tracebacks_are_cut_in_the_middle(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log")))
    logger.info("begin %s end", "x" * 10_000_000)
    try:
        raise ValueError("y" * 1_000_000)
    except ValueError:
        logger.exception("failed")
    first, second = lines_of(tmp_path / "log")
    assert len(first) < 17_000
    assert len(second) < 34_000
    assert "begin xxx" in first
    assert first.endswith("xxx end")


def test_levels_hold_for_our_loggers_and_libraries_never_debug(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log"), level="debug"))
    logging.getLogger("daemon.x").debug("ours")
    logging.getLogger("a_library").debug("theirs")
    log.set_level("error")
    logger.warning("not now")
    logging.getLogger("a_library").error("theirs")
    assert [line.rpartition(" ")[2] for line in lines_of(tmp_path / "log")] == ["ours", "theirs"]


def test_configuring_again_goes_over_to_the_new_and_closes_the_old(tmp_path: Path) -> None:
    for name in ("a", "b", "b"):
        log.configure(Where(file=str(tmp_path / "below" / name)))
        logger.info("to %s", name)
    ours = [handler for handler in logging.getLogger().handlers if isinstance(handler, LogFile)]
    assert len(ours) == 1
    assert [len(lines_of(tmp_path / "below" / name)) for name in "ab"] == [1, 2]
    with pytest.raises(ConfigError, match=f"log.file: {tmp_path} cannot be opened: Is a directory"):
        log.configure(Where(file=str(tmp_path)))
    logger.info("the old one goes on")
    assert len(lines_of(tmp_path / "below" / "b")) == 3
    open_files = {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}
    assert str(tmp_path / "below" / "b") in open_files
    assert str(tmp_path / "below" / "a") not in open_files


def test_standard_error_may_go_away(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Where())
    logger.info("here")
    assert "here" in capsys.readouterr().err
    for gone in (Gone(), None):
        monkeypatch.setattr(sys, "stderr", gone)
        logger.info("nobody listens")


def test_rotates_by_size_and_keeps_as_many_as_told(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log.configure(Where(file=str(file), max_bytes=1_000, keep=2))
    for number in range(100):
        logger.info("%03d %s", number, "x" * 60)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["log", "log.1", "log.2"]
    assert all(path.stat().st_size <= 1_000 for path in tmp_path.iterdir())
    newest_last = [line for name in ("log.2", "log.1", "log") for line in lines_of(tmp_path / name)]
    numbers = [int(line.split()[3]) for line in newest_last]
    assert numbers == list(range(numbers[0], 100))


def test_a_line_longer_than_the_limit_has_a_file_of_its_own(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log"), max_bytes=200, keep=5))
    for text in ("short", "x" * 1_000, "short"):
        logger.info(text)
    assert [len(lines_of(tmp_path / name)) for name in ("log.2", "log.1", "log")] == [1, 1, 1]


def test_keep_nothing_keeps_the_running_file_only(tmp_path: Path) -> None:
    log.configure(Where(file=str(tmp_path / "log"), max_bytes=200, keep=0))
    for number in range(10):
        logger.info("%d %s", number, "x" * 100)
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert len(lines_of(tmp_path / "log")) == 1


def test_a_device_is_never_rotated() -> None:
    log.configure(Where(file="/dev/null", max_bytes=10))
    for _ in range(3):
        logger.info("into nothing")
    assert Path("/dev/null").is_char_device()


def test_follows_when_logrotate_moves_the_file(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log.configure(Where(file=str(file)))
    logger.info("one")
    file.rename(tmp_path / "moved")
    logger.info("two")
    file.unlink()
    logger.info("three")
    file.rename(tmp_path / "moved-too")
    file.write_text("made by logrotate\n")
    logger.info("four")
    log.reopen()
    logger.info("five")
    os.truncate(file, 0)  # copytruncate
    logger.info("six")
    assert [line.split()[-1] for line in lines_of(tmp_path / "moved")] == ["one"]
    assert [line.split()[-1] for line in lines_of(tmp_path / "moved-too")] == ["three"]
    assert file.read_text().endswith(" six\n")
    assert "\0" not in file.read_text()


def test_the_folder_may_vanish_and_come_back(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "log"
    log.configure(Where(file=str(file)))
    logger.info("one")
    file.unlink()
    file.parent.rmdir()
    logger.info("two")
    assert len(lines_of(file)) == 1


def test_what_cannot_be_written_is_counted_and_the_gap_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "folder" / "log"
    log.configure(Where(file=str(file), format="json"))
    logger.info("one")
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in the way")
    logger.info("lost")
    logger.info("lost, too")
    assert capsys.readouterr().err.count("cannot be written") == 1
    file.parent.unlink()
    logger.info("two")
    found = [json.loads(line) for line in lines_of(file)]
    assert [one["message"] for one in found] == ["2 lines of the log could not be written here", "two"]


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = tmp_path / "log"
    link.symlink_to("/dev/full")
    log.configure(Where(file=str(link), max_bytes=10_000))
    logger.info("lost")
    assert os.strerror(errno.ENOSPC) in capsys.readouterr().err
    link.unlink()
    logger.info("two")
    assert "1 lines of the log could not be written here" in lines_of(link)[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_a_folder_where_nothing_can_be_renamed_still_takes_lines(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log.configure(Where(file=str(file), max_bytes=200))
    tmp_path.chmod(0o555)
    try:
        for _ in range(20):
            logger.info("x" * 100)
    finally:
        tmp_path.chmod(0o755)
    assert len(lines_of(file)) == 20


def test_a_rotation_that_cannot_be_done_still_takes_lines(tmp_path: Path) -> None:
    file = tmp_path / "log"
    (tmp_path / "log.1" / "in the way").mkdir(parents=True)
    log.configure(Where(file=str(file), max_bytes=200, keep=1))
    for _ in range(20):
        logger.info("x" * 100)
    assert len(lines_of(file)) == 20


def test_many_greenlets_write_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log.configure(Where(file=str(file), max_bytes=20_000, keep=100))

    def write(name: int) -> None:
        for number in range(50):
            logger.info("%d/%d %s", name, number, "x" * 100)
            gevent.idle()

    gevent.joinall([gevent.spawn(write, name) for name in range(20)], raise_error=True)
    lines = [line for path in tmp_path.iterdir() for line in lines_of(path)]
    assert len({line.split()[3] for line in lines}) == len(lines) == 1_000
    assert all(re.fullmatch(ISO + r" INFO tocsin\.test \d+/\d+ x{100}", line) for line in lines)


@pytest.mark.parametrize("format_", ["text", "json"])
def test_hidden_values_never_show_in_any_spelling(format_: str, tmp_path: Path) -> None:
    value = "s/cret+\"quoted'\n-第二行"
    log.hide([value, "longer-than-longer", "longer-than"])
    log.configure(Where(file=str(tmp_path / "log"), format=format_))
    logger.info(
        "plain %s repr %r json %s longer-than-longer.", value, value, json.dumps(value), extra={"source": value}
    )
    logger.info("GET /?token=s%2Fcret%2B%22quoted%27%0A-%E7%AC%AC%E4%BA%8C%E8%A1%8C")
    try:
        raise ValueError(value) from KeyError(value)
    except ValueError:
        logger.exception("bad %s")
    text = (tmp_path / "log").read_text()
    for piece in ("cret", "quoted", "第二行", "longer-than"):
        assert piece not in text
    assert "***." in text


def test_hiding_is_safe_with_odd_values(tmp_path: Path) -> None:
    log.hide(["", "\ud800-surrogate", "(.*)[unclosed"])
    log.configure(Where(file=str(tmp_path / "log")))
    logger.info("x (.*)[unclosed y")
    assert lines_of(tmp_path / "log")[0].endswith("x *** y")
