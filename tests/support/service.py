"""tocsin installed as a service, below a folder of its own, with ports of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running import free_port
from tree import ROOT
from until import until

USER = f"tocsin-t{os.getpid()}"


def environment() -> dict[str, str]:
    """Ours without what an outer make, virtual environment or CI has put in."""
    kept = {"PATH", "HOME", "LANG", "TMPDIR"}
    names = [name for name in os.environ if name in kept or name.startswith(("PIP_", "SSL_", "HTTP", "http"))]
    return {name: os.environ[name] for name in names}


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository."""
    return subprocess.run(
        ["make", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


class Service:
    """One installation, and the init script that came with it."""

    def __init__(self, root: Path) -> None:
        """Everything lies below `root`, which the service's user must be able to walk through."""
        self.root = root
        self.home = root / "opt/tocsin"
        self.etc = root / "etc/tocsin"
        self.defaults = root / "etc/default/tocsin"
        self.run = root / "run/tocsin"
        self.state = root / "var/lib/tocsin"
        self.log = root / "var/log/tocsin"
        self.output = root / "var/log/tocsin-supervisor/tocsind.log"
        self.script = root / "etc/init.d/tocsin"
        self.config = self.etc / "tocsin.yml"
        self.http, self.zmq = free_port(), free_port()
        self.places = [
            f"PREFIX={self.home}",
            f"CONFDIR={self.etc}",
            f"DEFAULTS={self.defaults}",
            f"RUNDIR={self.run}",
            f"STATEDIR={self.state}",
            f"LOGDIR={self.log}",
            f"SUPERVISORLOGDIR={self.output.parent}",
            f"INITDIR={self.script.parent}",
            f"UNITDIR={root / 'systemd'}",
            f"BINDIR={root / 'bin'}",
            f"SERVICE_USER={USER}",
        ]

    def make(self, *words: str) -> str:
        """`make install` or `make uninstall` of this installation; return what it said."""
        done = make(*words, *self.places)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def configure(self, more: str = "", *, http: int = 0) -> None:
        """Write a configuration that is good when `more` is."""
        self.config.write_text(
            f"listen: {{http: '127.0.0.1:{http or self.http}', zmq: 'tcp://127.0.0.1:{self.zmq}'}}\n"
            f"store: sqlite:///{self.state}/tocsin.db\n"
            "channels: {screen: {type: console}}\n"
            "receivers: [{name: ops, notify: [{by: [screen]}]}]\n"
            f"route: {{receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}}\n{more}"
        )
        self.defaults.parent.mkdir(parents=True, exist_ok=True)
        self.defaults.write_text("TOCSIN_START_WAIT=20\n")

    def do(self, action: str, *, by: str = "") -> tuple[int, str]:
        """Call the init script, as `by` when that is not us; return its exit code and what it said."""
        command = [str(self.script), *action.split()]
        if by:
            command = ["setpriv", f"--reuid={by}", "--clear-groups", *command]
        # supervisord must not inherit the pipe: whoever reads it would wait for the daemon's end
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(command, stdout=said, stderr=said, env=environment(), check=False, timeout=100)
            said.seek(0)
            return done.returncode, said.read()

    def expect(self, code: int, action: str) -> str:
        """Call it; fail with what it said when the exit code is another."""
        got, said = self.do(action)
        assert got == code, f"{action} returned {got}, not {code}: {said}\n{self.printed()}"
        return said

    def pid(self) -> int:
        """The daemon's number, by its pid file."""
        return int((self.run / "tocsin.pid").read_text())

    def supervisor(self) -> int:
        """supervisord's number."""
        return int((self.run / "supervisord.pid").read_text())

    def daemons(self) -> list[int]:
        """Every process that runs this installation's tocsind."""
        return [pid for pid in processes() if str(self.home / "bin/tocsind") in command_line(pid)]

    def printed(self) -> str:
        """What the daemon wrote."""
        return self.output.read_text(errors="replace")[-3_000:] if self.output.exists() else ""

    def until_running(self, *, other_than: int = 0) -> None:
        """Wait until `status` says 0, with another daemon than that one."""
        until(
            lambda: self.do("status")[0] == 0 and self.pid() != other_than,
            within=20,
            why=lambda: str(self.do("status")) + self.printed(),
        )


def processes() -> list[int]:
    """The numbers of all processes."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def command_line(pid: int) -> list[str]:
    """A process' words; none when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    """Whether that process runs; a zombie does not."""
    return bool(command_line(pid))


def user_exists() -> bool:
    """Whether the service's user is known."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


@contextmanager
def installed() -> Iterator[Service]:
    """A fresh installation inside the block, and nothing of it afterwards."""
    root = Path(tempfile.mkdtemp(prefix="tocsin-"))
    root.chmod(0o755)
    service = Service(root)
    try:
        service.make("install")
        yield service
    finally:
        if service.script.exists():
            service.do("stop")
        subprocess.run(["userdel", USER], capture_output=True, check=False)
        shutil.rmtree(root, ignore_errors=True)
