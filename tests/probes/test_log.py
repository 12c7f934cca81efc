"""Following a log: what counts, what is well, and files that mean no good."""

import os
import subprocess
import sys
import time
from pathlib import Path

import gevent
import pytest

from daemon.probes import log as kind
from daemon.probes.files.tally import MOST_KEPT, MOST_SHOWN, Tally
from daemon.probes.log import ANY, Log
from daemon.reading import Health, Past, Reading
from daemon.units import Bytes, Seconds
from hanging_mount import hanging_mount
from lag import calmly
from needs import need
from probe_pages import shown_on_the_page
from tree import ROOT
from until import until

NOW = 1_790_000_000.0


class Watch:
    """Looks at a log again and again, as the scheduler does."""

    def __init__(self, path: Path, **more: object) -> None:
        self.path = path
        self.probe = Log(path=str(path), **more)  # type: ignore[arg-type]
        self.notes = b""
        self.now = NOW

    def look(self, later: float = 10.0) -> Reading:
        self.now += later
        reading = self.probe.look_on(Past(now=self.now, notes=self.notes))
        self.notes = self.notes if reading.notes is None else reading.notes
        return reading

    def add(self, text: str | bytes) -> None:
        with self.path.open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.log"
    file.write_text("INFO started\nERROR before anybody looked\nERROR half a li")
    return file


def test_matching_lines_are_counted_from_the_first_look_on(path: Path) -> None:
    watch = Watch(path, match=("ERROR", "^fatal:"), most=2)
    first = watch.look()
    assert (first.health, first.detail) == (Health.UP, "0 lines within 5m")
    assert first.values == {"matches": 0, "lines": 0, "behind": 0, "size": path.stat().st_size, "age": 0.0}
    watch.add("ne, which was whole only now\nfatal: a\nnot fatal: b\n")
    second = watch.look()
    assert (second.values["matches"], second.values["lines"]) == (2, 3)
    assert second.values["last"] == "fatal: a"
    assert second.evidence == {"lines": "ERROR half a line, which was whole only now\nfatal: a"}
    assert second.is_well
    watch.add("ERROR 404\n")
    third = watch.look()
    assert (third.health, third.detail) == (Health.DOWN, "3 lines within 5m, at most 2 allowed: ERROR 404")


def test_all_of_it_can_be_read(path: Path) -> None:
    assert Watch(path, match=("ERROR",), read_from="start").look().values["matches"] == 1


def test_what_leaves_the_window_counts_no_more(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), within=Seconds(60.0))
    watch.look()
    watch.add("\nERROR\n")
    assert watch.look().values["matches"] == 2
    watch.add("ERROR again\n")
    assert watch.look(30).values["matches"] == 3
    assert watch.look(32).values["matches"] == 1
    last = watch.look(30)
    assert last.values["matches"] == 0
    assert "last" not in last.values
    assert last.is_well


def test_a_line_that_must_come_has_the_whole_window_to_come(path: Path) -> None:
    watch = Watch(path, match=("backup done",), least=1, within=Seconds(3600.0))
    assert watch.look().is_well
    assert watch.look(3590).is_well
    late = watch.look(20)
    assert (late.health, late.detail) == (Health.DOWN, "0 lines within 1h, at least 1 wanted")
    watch.add("\nbackup done\nbackup done\n")
    assert watch.look().is_well, "there may be as many as come"


def test_lines_can_be_ignored_and_all_can_be_counted(path: Path) -> None:
    watch = Watch(path, match=("(?i)error",), ignore=("known error", "favicon"), most=5)
    watch.look()
    watch.add("\nError\nknown error\nerror: favicon.ico\nERROR\r\n")
    reading = watch.look()
    assert reading.values["matches"] == 3
    assert reading.values["last"] == "ERROR"
    every = Watch(path)
    every.look()
    every.add("a\nb\n\n")
    reading = every.look()
    assert reading.values["matches"] == 3
    assert reading.is_well, "nobody said that lines are bad"


def test_how_many_lines_may_match_can_be_left_to_the_conditions(path: Path) -> None:
    watch = Watch(path, match=("ERROR",))
    watch.probe = watch.probe.yielding({"matches"})
    watch.look()
    watch.add("\nERROR\n" * 50)
    assert watch.look().is_well
    for unchanged in (Log(path="/x", match=("a",), most=3), Log(path="/x")):
        assert unchanged.yielding({"matches", "age"}).most in {3, ANY}
    assert Log(path="/x", match=("a",)).yielding({"age"}).most is None


def test_what_its_page_shows_can_be_written(tmp_path: Path) -> None:
    shown = shown_on_the_page("log", tmp_path)
    assert shown["not-silent"] == Log(path="/var/log/nginx/access.log")


def test_conditions_see_how_long_it_has_been_silent(path: Path) -> None:
    os.utime(path, (NOW - 600, NOW - 600))
    reading = Watch(path).look(0)
    assert reading.values["age"] == 600
    assert Watch(path).look(-700).values["age"] == 0, "the clock was set"


@pytest.mark.parametrize("how", ["copy", "shop.log.1", "shop.log-20261121", "shop.2026-11-21.log", "of another name"])
def test_rotation_between_two_looks_loses_nothing(path: Path, how: str) -> None:
    watch = Watch(path, match=("ERROR",), most=9)
    watch.look()
    watch.add("\nERROR 1\nERROR 2\n")
    if how == "copy":
        path.with_name("shop.log.1").write_bytes(path.read_bytes())
        path.write_bytes(b"")
    else:
        path.rename(
            path.with_name({"by date": "shop.log-20261121", "java": "shop.2026-11-21.log"}.get(how, "shop.log.1"))
        )
    watch.add("ERROR 3\n")
    reading = watch.look()
    assert reading.values["matches"] == 4
    assert reading.evidence["lines"].splitlines() == ["ERROR half a li", "ERROR 1", "ERROR 2", "ERROR 3"]
    assert watch.look().values["lines"] == 0


def test_a_link_that_names_another_file_each_day_is_followed(tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    watch = Watch(tmp_path / "shop.log", match=("ERROR",), most=9)
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        if watch.path.exists():
            watch.add("ERROR late\n")
            watch.path.unlink()
        watch.path.symlink_to(days / f"shop.log.{day}")
        watch.add(f"ERROR {day}\n")
        reading = watch.look()
    assert reading.evidence == {"lines": "ERROR late\nERROR 2026-11-21\nERROR late\nERROR 2026-11-22"}


def test_one_truncated_and_quickly_refilled_beyond_the_old_place_is_found_out(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=9)
    path.write_text("INFO of yesterday\n" * 100)
    watch.look()
    path.write_text("ERROR of today\n" * 3 + "INFO of today\n" * 500)
    reading = watch.look()
    assert reading.values["matches"] == 3
    assert reading.values["lines"] == 503
    assert "truncated" in reading.evidence["rotation"]


def test_one_that_is_replaced_while_nobody_looks_says_that_something_may_be_lost(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=9)
    watch.look()
    path.unlink()
    path.with_name("other").write_text("takes the inode")
    path.write_text("ERROR 1\n")
    reading = watch.look()
    assert reading.values["matches"] == 1
    assert "nowhere beside it" in reading.evidence["rotation"]


def test_one_that_vanishes_is_down_and_goes_on_when_it_is_back(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=9)
    watch.look()
    watch.add("\nERROR 1\n")
    away = path.rename(path.parent.parent / "away.log")
    gone = watch.look()
    assert (gone.health, gone.detail) == (Health.DOWN, "there is no such file")
    assert "size" not in gone.values
    away.rename(path)
    watch.add("ERROR 2\n")
    back = watch.look()
    assert back.is_well
    assert back.values["matches"] == 3


def test_one_that_comes_after_the_first_look_is_read_from_its_beginning(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "folder" / "shop.log", match=("ERROR",), most=9)
    assert watch.look().detail == "there is no such file"
    watch.path.parent.mkdir()
    watch.add("ERROR 1\n")
    assert watch.look().values["matches"] == 1


def test_a_restart_of_tocsin_loses_nothing(path: Path) -> None:
    """All that is kept is the notes; rubbish in their place is a first look."""
    watch = Watch(path, match=("ERROR",), most=9)
    watch.look()
    watch.add("\nERROR 1\n")
    assert Watch(path, match=("ERROR",), most=9).look().values["matches"] == 0
    again = Watch(path, match=("ERROR",), most=9)
    again.notes = watch.notes
    assert again.look().values["matches"] == 2
    for rubbish in (b"rubbish", b"\xc1", again.notes[:-3], b"\x92\xc0\xc0"):
        watch.notes = rubbish
        assert watch.look().values["matches"] == 0
    assert len(again.notes) < 1_000


def test_what_is_no_file_is_told_and_holds_nobody_up(tmp_path: Path) -> None:
    fifo, folder, loop, device = (tmp_path / name for name in ("fifo", "folder", "loop", "device"))
    os.mkfifo(fifo)
    folder.mkdir()
    loop.symlink_to(loop)
    device.symlink_to("/dev/zero")
    said = {one: Watch(one).look() for one in (fifo, folder, loop, device, folder / ("a" * 300))}
    assert [one.detail for one in said.values()] == [
        "is a pipe, which cannot be followed",
        "is a folder, which cannot be followed",
        "too many levels of symbolic links",
        "is no file, which cannot be followed",
        "file name too long",
    ]
    assert {one.health for one in said.values()} == {Health.DOWN}
    writer = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    os.write(writer, b"not taken from whom it is for\n")
    Watch(fifo).look()
    assert os.read(writer, 100) == b"not taken from whom it is for\n"
    os.close(writer)


def test_a_disk_that_hangs_keeps_no_other_log_waiting(tmp_path: Path) -> None:
    hung, well = tmp_path / "hung", Watch(tmp_path / "well.log", match=("ERROR",), most=9)
    hung.mkdir()
    well.add("\n")
    well.look()
    try:
        with hanging_mount(hung):
            probe = Log(path=f"{hung}/shop.log", timeout=Seconds(0.2))
            looks = [gevent.spawn(probe.look_on, Past(now=NOW)) for _ in range(20)]
            well.add("ERROR\n")
            assert well.look().values["matches"] == 1
            gevent.joinall(looks)
            assert {(one.value.health, one.value.detail) for one in looks} == {
                (Health.DOWN, "the file system has not answered for 0s")
            }
            assert kind._LOOKS.asked == 1
    except OSError as error:
        pytest.skip(f"this machine lets nobody mount a file system of FUSE: {error}")
    until(lambda: kind._LOOKS.asked == 0)


def test_gigabytes_that_were_never_written_are_passed_over(path: Path) -> None:
    """A program that does not append goes on at its old place after a truncation."""
    watch = Watch(path, match=("ERROR",), most=9)
    path.write_bytes(b"")
    watch.look()
    with path.open("r+b") as file:
        file.seek(20 * 1024**3 + 77)
        file.write(b"ERROR at last\n")
    reading = watch.look()
    assert (reading.values["last"], reading.values["lines"], reading.values["behind"]) == ("ERROR at last", 1, 0)


def test_one_that_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "only root becomes somebody else")
    script = """if True:
    from gevent import monkey; monkey.patch_all()
    import os, sys
    from daemon.probes.log import Log; from daemon.reading import Past
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    reading = Log(path=sys.argv[1]).look_on(Past(now=0.0)); print(reading.health, reading.detail)"""
    path = tmp_path / "secret.log"
    path.touch()
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "unknown tocsin's user may not read it: add it to the group adm, or chmod it\n"


def test_any_bytes_are_read(path: Path) -> None:
    watch = Watch(path, match=("ERROR", "数据库"), most=9)
    watch.look()
    watch.add(
        "\n数据库 down\n".encode() + "数据库".encode("gbk") + b" ERROR \xff\xfe\x1b[31m\0\n" + os.urandom(5_000) + b"\n"
    )
    reading = watch.look()
    assert reading.values["matches"] >= 3
    assert all(line.isprintable() for line in reading.evidence["lines"].splitlines())


def test_lines_without_end_are_cut_and_cost_no_memory(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=9, per_look=Bytes(1024**2))
    watch.look()
    watch.add(b"\n")
    for _ in range(5):
        watch.add(b"ERROR " + b"x" * 3_000_000)
        reading = watch.look()
    assert reading.values["matches"] == 2, "one is half a line that ended, the other goes on and on"
    assert reading.values["behind"] > 0
    assert len(reading.values["last"]) <= MOST_SHOWN
    while reading.values["behind"]:
        reading = watch.look(0.1)
    assert reading.values["matches"] == 2
    watch.add(b" its end\nERROR\n")
    assert watch.look().values["matches"] == 3


def test_one_that_grows_faster_than_it_is_read_says_so_and_is_caught_up(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=10**6, per_look=Bytes(1024**2))
    watch.look()
    watch.add(b"\n" + b"ERROR of a program that talks too much\n" * 60_000)
    first = watch.look()
    assert first.detail.endswith("1.2 MB are still to be read")
    assert first.is_well
    watch.look()
    third = watch.look()
    assert third.values["matches"] == 60_001
    assert third.values["behind"] == 0


def test_a_large_log_holds_nobody_up(path: Path) -> None:
    watch = Watch(path, match=(r"(?i)error|fatal: \S+", "a+b+c+d+$"), most=10**6)
    watch.look()
    watch.add(b"\n" + b"2026-11-21 16:00:27,123 INFO [worker-7] order 1234567 accepted, total 12.30 EUR\n" * 150_000)
    reading = calmly(lambda: watch.probe.look_on(Past(now=NOW, notes=watch.notes)))
    assert reading.values["lines"] == 150_001


def test_many_logs_at_once_hold_nobody_up(tmp_path: Path) -> None:
    watches = [Watch(tmp_path / f"{n}.log", match=("ERROR",)) for n in range(100)]
    for watch in watches:
        watch.add("")
        watch.look()
        watch.add("INFO\n" * 500)

    def everybody() -> list[Reading]:
        pasts = [(watch.probe, Past(now=NOW, notes=watch.notes)) for watch in watches]
        return [one.get() for one in [gevent.spawn(probe.look_on, past) for probe, past in pasts]]

    assert {one.values["lines"] for one in calmly(everybody)} == {500}


def test_a_look_ends_before_its_time_is_over_and_goes_on_at_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "IN_TIME", -1.0)
    watch = Watch(path, match=("ERROR",), read_from="start")
    reading = watch.look()
    assert reading.values["behind"] == path.stat().st_size
    monkeypatch.undo()
    assert watch.look().values["matches"] == 1


def test_only_the_last_lines_are_kept(path: Path) -> None:
    watch = Watch(path, match=("ERROR",), most=10**6)
    watch.look()
    watch.add(b"\n" + b"".join(b"ERROR %d %s\n" % (n, b"x" * 10_000) for n in range(500)))
    reading = watch.look()
    lines = reading.evidence["lines"].splitlines()
    assert [line.split()[1] for line in lines] == [str(n) for n in range(500 - MOST_KEPT, 500)]
    assert len(watch.notes) < 4_000


def test_a_clock_that_is_set_back_loses_no_count_for_ever() -> None:
    tally = Tally().add(3, ("a",), NOW, 60).add(1, ("b",), NOW - 3600, 60)
    assert tally.matches == 1
    assert tally.since == NOW - 3600
    assert tally.add(0, (), NOW - 3500, 60).matches == 0


def test_notes_stay_small_however_many_lines_there_are() -> None:
    tally = Tally()
    for n in range(10_000):
        tally = tally.add(7, (), NOW + n, 3600)
    assert len(tally.counted) <= 62
    assert 7 * 3600 <= tally.matches <= 7 * 3661


def test_a_look_costs_little_when_nothing_is_new(path: Path) -> None:
    watch = Watch(path, match=("ERROR",))
    watch.look()
    began = time.process_time()
    for _ in range(50):
        watch.look()
    assert (time.process_time() - began) / 50 < 0.005


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"path": "shop.log"}, "no full path"),
        ({"path": "/var/log/a\0b"}, "no full path"),
        ({"match": ("(",)}, "match: .* is not an RE2 pattern"),
        ({"ignore": ("a{1000}{1000}",)}, "ignore: "),
        ({"least": 3, "most": 2}, "no number of lines would be well"),
    ],
)
def test_what_can_never_be_followed_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Log(**({"path": "/var/log/shop.log"} | wrong))  # type: ignore[arg-type]
