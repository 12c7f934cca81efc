"""Installing and removing: below a DESTDIR for a package, and for real."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from needs import need
from service import Service, installed, make, user_exists
from tree import ROOT

pytestmark = pytest.mark.slow


def test_a_tree_for_a_package_knows_nothing_of_where_it_was_made(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    done = make("install", f"DESTDIR={tree}", "SERVICE_USER=nobody-of-that-name")
    assert done.returncode == 0, done.stdout + done.stderr
    home = tree / "opt/tocsin"
    assert (home / "bin/tocsind").read_text().startswith("#!/opt/tocsin/bin/python")
    assert (tree / "usr/bin/tocsinctl").readlink() == Path("/opt/tocsin/bin/tocsinctl")
    telling = subprocess.run(
        ["grep", "-rlIE", f"{tmp_path}|{ROOT}|tocsin\\.new", tree], capture_output=True, text=True, check=False
    )
    assert not telling.stdout
    packages = next(home.glob("lib/python3*/site-packages"))
    assert list((packages / "daemon/store/migrations").glob("*.sql"))
    assert not (packages / "tests").exists()
    found = {
        path.relative_to(tree).as_posix(): oct(stat.S_IMODE(path.stat().st_mode))
        for path in tree.rglob("*")
        if not path.is_relative_to(home) and not path.is_symlink() and path.is_file()
    }
    assert found == {
        "etc/init.d/tocsin": "0o755",
        "etc/tocsin/prometheus/grafana.json": "0o644",
        "etc/tocsin/prometheus/prometheus.yml": "0o644",
        "etc/tocsin/prometheus/rules.yml": "0o644",
        "etc/tocsin/supervisord.conf": "0o644",
        "etc/tocsin/tocsin.yml": "0o640",
        "lib/systemd/system/tocsin.service": "0o644",
    }
    for name in ("init.d/tocsin", "etc/supervisord.conf", "etc/tocsin.service"):
        where = {"etc/supervisord.conf": "etc/tocsin", "etc/tocsin.service": "lib/systemd/system"}.get(
            name, "etc/init.d"
        )
        put = (tree / where / Path(name).name).read_text()
        expected = (ROOT / name).read_text().replace("User=tocsin\n", "User=nobody-of-that-name\n")
        expected = expected.replace("Group=tocsin\n", "Group=nobody-of-that-name\n")
        assert put == expected.replace("TOCSIN_USER=tocsin\n", "TOCSIN_USER=nobody-of-that-name\n")
    for place in ("var/lib/tocsin", "var/log/tocsin", "etc/tocsin/services.d", "etc/tocsin/handlers.d"):
        assert (tree / place).is_dir()
    done = make("uninstall", f"DESTDIR={tree}", "PURGE=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path for path in tree.rglob("*") if path.is_file() or path.is_symlink()] == []


@pytest.fixture(scope="module")
def _root() -> None:
    need(os.geteuid() == 0, "only root can install a service")


@pytest.mark.usefixtures("_root")
def test_installing_again_keeps_what_is_yours_and_removing_keeps_it_too() -> None:
    with installed() as service:
        assert user_exists()
        default = service.config.read_text()
        service.configure()
        yours = service.config.read_text()
        mode = service.config.stat()
        unit = (service.root / "systemd/tocsin.service").read_text()
        assert f"ReadWritePaths=-{service.state} -{service.log}\n" in unit
        service.expect(0, "start")
        said = service.make("install")  # an upgrade
        assert f"{service.script} restart" in said
        assert service.config.read_text() == yours
        assert "tocsin.yml.new" in said
        assert service.config.with_name("tocsin.yml.new").read_text() == default
        assert stat.S_IMODE(mode.st_mode) == 0o640
        assert not list(service.home.parent.glob("tocsin.*"))
        service.make("uninstall")
        assert not service.daemons()
        assert not service.home.exists()
        assert not service.script.exists()
        assert service.config.read_text() == yours
        assert (service.state / "tocsin.db").exists()
        service.make("uninstall", "PURGE=1")
        assert not user_exists()
        left = [path for path in service.root.rglob("*") if not path.is_dir()]
        assert left == []


@pytest.mark.usefixtures("_root")
def test_what_does_not_look_like_ours_is_not_removed(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.home.mkdir(parents=True)
    (service.home / "photos").write_text("of last summer")
    done = make("uninstall", "PURGE=1", *service.places)
    assert done.returncode != 0
    assert "does not look like" in done.stderr
    assert (service.home / "photos").exists()


@pytest.mark.usefixtures("_root")
def test_only_root_installs_onto_the_machine(tmp_path: Path) -> None:
    service = Service(tmp_path)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "sh", ROOT / "init.d/install.sh", "install"],
        env=dict(place.split("=", 1) for place in service.places)
        | {"PATH": os.environ["PATH"], "DESTDIR": "", "PYTHON": "x"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "only root" in done.stderr
