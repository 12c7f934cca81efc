"""The disk probe against real file systems, one that hangs among them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import gevent
import pytest

from daemon.probes import disk
from daemon.probes.base import Health
from daemon.probes.disk import Disk, mount_of
from daemon.units import Bytes, Seconds, Share
from hanging_mount import hanging_mount
from probe_pages import shown_on_the_page
from until import until

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
30 22 0:25 / /data rw,relatime - nfs4 server:/export rw,hard
31 22 0:26 / /data\\040two rw - xfs /dev/vdb ro,noquota
32 22 0:27 / /protected ro,relatime - ext4 /dev/vdc rw
33 30 0:28 / /data/deep rw - tmpfs tmpfs rw
34 22 0:29 / /data rw,relatime - ext4 /dev/vdd rw
garbage
35 22 - ext4
"""


def full(percent: float) -> Share:
    return Share(fraction=percent / 100)


def test_it_says_what_the_system_says(tmp_path: Path) -> None:
    reading = Disk(path=str(tmp_path), most_used=full(100), writable=False).look()
    facts, usage = os.statvfs(tmp_path), shutil.disk_usage(tmp_path)
    assert reading.health is Health.UP
    assert reading.values["total"] == usage.total
    assert reading.values["free"] == pytest.approx(facts.f_bavail * facts.f_frsize, rel=0.05)
    assert reading.values["used"] == pytest.approx(100 * usage.used / (usage.used + usage.free), abs=1)
    assert 0 <= reading.values["inodes"] <= 100
    assert set(reading.values) <= set(Disk.gives())
    assert "free" in reading.detail
    assert " on /" in reading.evidence["mount"]


def test_too_full_is_down_with_figures(tmp_path: Path) -> None:
    reading = Disk(path=str(tmp_path), most_used=full(0.001), writable=False).look()
    assert reading.health is Health.DOWN
    assert reading.detail.startswith("disk: ")
    assert reading.detail.endswith("% used, at most 0.001% allowed")
    assert reading.values["used"] > 0


def test_too_few_bytes_and_too_few_inodes_are_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = Disk(path=str(tmp_path), most_used=full(100), most_inodes=full(0.000001), least_free=Bytes(2**62))
    assert "inodes: " in wanted.look().detail
    assert "free, at least 4194304.0 TB wanted" in wanted.look().detail


def test_a_path_that_is_not_there_is_down() -> None:
    reading = Disk(path="/no/such/path").look()
    assert reading.health is Health.DOWN
    assert reading.detail == "no such file or directory"
    assert reading.values == {}


def test_what_nothing_is_mounted_on_is_down_when_something_should_be(tmp_path: Path) -> None:
    reading = Disk(path=str(tmp_path), mounted=True, most_used=full(100)).look()
    assert reading.health is Health.DOWN
    assert reading.detail == "nothing is mounted there"
    assert Disk(path="/", mounted=True, most_used=full(100), writable=False).look().is_well


def test_a_file_system_without_a_size_is_not_known() -> None:
    reading = Disk(path="/proc").look()
    assert reading.health is Health.UNKNOWN
    assert "used" not in reading.values


def test_a_folder_that_may_not_be_entered_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "statvfs", forbidden)
    reading = Disk(path="/secret/data").look()
    assert reading.health is Health.UNKNOWN
    assert "tocsin's user may not look at it" in reading.detail


@pytest.mark.parametrize(
    ("path", "source", "readonly"),
    [
        ("/", "/dev/vda", False),
        ("/database", "/dev/vda", False),
        ("/data", "/dev/vdd", False),  # mounted over the other one
        ("/data/file", "/dev/vdd", False),
        ("/data/deep/file", "tmpfs", False),
        ("/data two/file", "/dev/vdb", True),
        ("/protected", "/dev/vdc", False),  # read-only for us, as a service that is protected sees everything
    ],
)
def test_the_mount_of_a_path(path: str, source: str, *, readonly: bool) -> None:
    mount = mount_of(path, MOUNTS)
    assert mount is not None
    assert mount.source == source
    assert mount.is_readonly is readonly


def test_a_list_of_mounts_that_cannot_be_read_leaves_its_values_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOUNTS", Path("/no/such/list"))
    reading = Disk(path="/", most_used=full(100)).look()
    assert reading.is_well
    assert "readonly" not in reading.values


def test_a_read_only_file_system_is_down_unless_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "mounts"
    listed.write_text("22 1 254:0 / / rw - ext4 /dev/vda ro,errors=remount-ro\n")
    monkeypatch.setattr(disk, "MOUNTS", listed)
    reading = Disk(path="/", most_used=full(100)).look()
    assert reading.health is Health.DOWN
    assert reading.detail == "the file system is read-only"
    assert reading.values["readonly"] is True
    assert Disk(path="/", most_used=full(100), writable=False).look().is_well


def test_a_mount_that_hangs_is_down_in_time_and_costs_one_thread(tmp_path: Path) -> None:
    hung, elsewhere = tmp_path / "hung", tmp_path / "elsewhere"
    hung.mkdir()
    elsewhere.mkdir()
    try:
        with hanging_mount(hung):
            looks = [gevent.spawn(Disk(path=str(hung), timeout=Seconds(0.2)).look) for _ in range(20)]
            assert Disk(path=str(elsewhere), most_used=full(100), writable=False).look().is_well
            gevent.joinall(looks)
            readings = {(look.get().health, look.get().detail) for look in looks}
            assert readings == {(Health.DOWN, "the file system has not answered for 0s")}
            assert disk._LOOKS.asked == 1
    except OSError as error:
        pytest.skip(f"this machine lets nobody mount a file system of FUSE: {error}")
    until(lambda: disk._LOOKS.asked == 0)


@pytest.mark.slow
def test_a_process_ends_although_a_mount_hangs(tmp_path: Path) -> None:
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "from daemon.probes.disk import Disk\n"
        f"print(Disk(path={str(tmp_path)!r}, timeout=0.1).look().health)\n"
    )
    try:
        with hanging_mount(tmp_path):
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        pytest.skip(f"this machine lets nobody mount a file system of FUSE: {error}")
    assert (done.stdout, done.returncode) == ("down\n", 0), done.stderr


def test_whoever_has_conditions_on_a_value_says_what_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "mounts"
    listed.write_text("22 1 254:0 / / rw - ext4 /dev/vda ro\n")
    monkeypatch.setattr(disk, "MOUNTS", listed)
    probe = Disk(path="/").yielding({"used", "inodes", "readonly"})
    assert probe.look().is_well
    assert probe == Disk(path="/", most_used=full(100), most_inodes=full(100), writable=False)
    written = Disk(path="/", most_used=full(0.001))
    assert written.yielding({"used"}) == written


@pytest.mark.parametrize("path", ["", "var", "./var", "/a\0b"])
def test_a_path_that_can_never_be_looked_at_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="full path"):
        Disk(path=path)


def test_it_is_near_and_for_nobody_else() -> None:
    assert Disk().is_near()
    assert not Disk.FOR_OTHERS
    assert Disk(path="/var").target() == "/var"


def test_the_example_of_its_page_can_be_used(tmp_path: Path) -> None:
    shown = shown_on_the_page("disk", tmp_path)
    assert set(shown) == {"root-disk", "data-disk"}
    assert {type(one) for one in shown.values()} == {Disk}
