"""Servers of others for the probes to look at: Redis, PostgreSQL, MariaDB and OpenSSH, as Debian has them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from certificates import certificate
from needs import need, need_program
from running import free_port
from until import until

NOBODY = 65_534
PASSWORD = "s3cret-of-the-test"


@dataclass(frozen=True)
class Server:
    """One that runs: where it listens, and what it has written."""

    host: str
    port: int
    home: Path
    ca_file: str
    process: "subprocess.Popen[bytes]"

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")


@contextmanager
def home_of(user: int = NOBODY) -> Iterator[Path]:
    """A folder that a server which refuses to be root may enter, unlike pytest's own."""
    home = Path(tempfile.mkdtemp(prefix="tocsin-server-"))
    if os.getuid() == 0:
        os.chown(home, user, user)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def as_nobody(*command: object) -> list[str]:
    """The command as it must be run where we are root."""
    words = [str(word) for word in command]
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words]


def done(*command: object, said: str = "") -> None:
    """Run it to its end, as nobody."""
    ran = subprocess.run(as_nobody(*command), input=said, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, (command, ran.stdout, ran.stderr)


def certified(home: Path, host: str) -> str:
    """Make a certificate and its key that the server may read, `server.pem` and `server.key`; return the former."""
    pem, _ = certificate(home, host)
    for made, name in ((pem, "server.pem"), (pem.with_suffix(".key"), "server.key")):
        made.rename(home / name)
        if os.getuid() == 0:
            os.chown(home / name, NOBODY, NOBODY)
        (home / name).chmod(0o600)
    return str(home / "server.pem")


@contextmanager
def running_at(home: Path, host: str, port: int, command: Sequence[str]) -> Iterator[Server]:
    """The server, from when it can be connected to."""
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=home)
    server = Server(host, port, home, str(home / "server.pem"), process)
    try:
        until(lambda: is_open(host, port), within=30, why=lambda: server.log)
        yield server
    finally:
        process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(3)
        finally:  # one that does not want to end, or a test that has no more time
            process.kill()
            process.wait()


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True


def own_address() -> str:
    """An address of this machine that is not loopback, if it has one: of those some servers forgive everything."""
    found = [
        one.address
        for addresses in psutil.net_if_addrs().values()
        for one in addresses
        if one.family is socket.AF_INET and not one.address.startswith("127.")
    ]
    return found[0] if found else "127.0.0.1"


@contextmanager
def redis_server(*options: object) -> Iterator[Server]:
    """A Redis without a disk to speak of; in the clear on its port, through TLS on the next that is written down."""
    program = need_program("redis-server", "redis-server")
    port, tls = free_port(), free_port()
    with home_of() as home:
        certified(home, "127.0.0.1")
        command = as_nobody(
            program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", home, "--tls-port", tls,
            "--tls-cert-file", home / "server.pem", "--tls-key-file", home / "server.key", "--tls-auth-clients", "no",
            *options,
        )  # fmt: skip
        (home / "tls").write_text(str(tls))
        with running_at(home, "127.0.0.1", port, command) as server:
            yield server


HBA = """
host all open 127.0.0.1/32 trust
host all barred 127.0.0.1/32 reject
hostssl all locked 127.0.0.1/32 scram-sha-256
hostnossl all locked 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


@contextmanager
def postgres_server(*options: str) -> Iterator[Server]:
    """A PostgreSQL with TLS; the user `open` needs no password, `barred` may not come in."""
    folder = postgres_programs()
    port = free_port()
    with home_of() as home:
        data = home / "data"
        done(folder / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "-N", "--no-locale", "-E", "UTF8",
             "--pwfile", passwords(home))  # fmt: skip
        certified(home, "127.0.0.1")
        done(folder / "postgres", "--single", "-D", data, "postgres", said="create role open login;\n")
        (data / "pg_hba.conf").write_text(HBA)
        settings = (
            f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "ssl=on",
            f"ssl_cert_file={home}/server.pem", f"ssl_key_file={home}/server.key", *options,
        )  # fmt: skip
        command = as_nobody(folder / "postgres", "-D", data, *(word for one in settings for word in ("-c", one)))
        with running_at(home, "127.0.0.1", port, command) as server:
            until(lambda: "ready to accept connections" in server.log, within=30, why=lambda: server.log)
            yield server


def postgres_programs() -> Path:
    """Debian keeps them out of the way."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    need(folders, "PostgreSQL's initdb is not installed (Debian package postgresql)")
    return folders[-1].parent


def passwords(home: Path) -> Path:
    file = home / "password"
    file.write_text(PASSWORD)
    file.chmod(0o644)
    return file


@contextmanager
def mariadb_server(*options: object) -> Iterator[Server]:
    """A MariaDB with TLS, on an address at which it counts those who leave without a word, if there is one."""
    program = need_program("mariadbd", "mariadb-server")
    install = need_program("mariadb-install-db", "mariadb-server")
    host, port = own_address(), free_port()
    with home_of() as home:
        common = ("--no-defaults", f"--datadir={home}/data", "--innodb-log-file-size=4M")
        done(install, *common, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
        certified(home, host)
        (home / "init").write_text(f"create user guest@'%' identified by '{PASSWORD}';\n")
        (home / "init").chmod(0o644)
        command = as_nobody(
            program, *common, f"--bind-address={host}", f"--port={port}", f"--socket={home}/socket",
            f"--pid-file={home}/pid", f"--init-file={home}/init", "--skip-log-bin", f"--ssl-cert={home}/server.pem",
            f"--ssl-key={home}/server.key", *options,
        )  # fmt: skip
        with running_at(home, host, port, command) as server:
            until(lambda: "ready for connections" in server.log, within=30, why=lambda: server.log)
            yield server


@contextmanager
def ssh_server(*options: str) -> Iterator[Server]:
    """An OpenSSH server that writes what it thinks of its visitors."""
    program = need_program("sshd", "openssh-server")
    keygen = need_program("ssh-keygen", "openssh-server")
    port = free_port()
    with home_of(os.getuid()) as home:
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", home / "key"], check=True, capture_output=True)
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it would not start without its empty room
        settings = ("ListenAddress=127.0.0.1", f"PidFile={home}/pid", "LogLevel=INFO", *options)
        command = [program, "-D", "-e", "-p", str(port), "-h", str(home / "key"), "-f", "/dev/null"]
        with running_at(home, "127.0.0.1", port, [*command, *(w for one in settings for w in ("-o", one))]) as server:
            yield server
