"""A real supervisord with programs in every state."""

import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from supervisor.xmlrpc import SupervisorTransport

from running import free_port
from until import until

PASSWORD = "c4n4ry-of-supervisord"
CONFIG = """
[unix_http_server]
file = {home}/sock
[inet_http_server]
port = 127.0.0.1:{port}
username = watcher
password = {password}
[supervisord]
logfile = {home}/log
pidfile = {home}/pid
childlogdir = {home}
nodaemon = true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:running]
command = sleep 600
startsecs = 0
[program:starting]
command = sleep 600
startsecs = 500
[program:stopped]
command = sleep 600
autostart = false
[program:stopping]
command = sh -c 'trap "" TERM; while :; do sleep 1; done'
startsecs = 0
stopwaitsecs = 600
stopasgroup = false
[program:missing]
command = /no/such/program
startretries = 0
[program:fatal]
command = false
startretries = 0
[program:backing-off]
command = false
startretries = 1000
[program:done]
command = true
startsecs = 0
autorestart = false
[program:broken]
command = sh -c 'exit 3'
startsecs = 0
autorestart = false
[program:looping]
command = sleep 0.2
startsecs = 0
autorestart = true
[program:crowd]
command = sleep 600
process_name = %(program_name)s-%(process_num)d
numprocs = 3
startsecs = 0
"""


class Supervised:
    """One that runs. `call` asks it as its own tools do."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.url = f"unix://{home}/sock"
        self._proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=SupervisorTransport(None, None, self.url))

    def call(self, method: str, *arguments: object) -> object:
        return getattr(self._proxy.supervisor, method)(*arguments)

    def close(self) -> None:
        self._proxy("close")()

    def state(self, name: str) -> str:
        info = self.call("getProcessInfo", name)
        assert isinstance(info, dict)
        return str(info["statename"])


@contextmanager
def supervised() -> Iterator[Supervised]:
    """Start one in a folder of a short name, as the address of a socket must be short; stop it with all it runs."""
    with tempfile.TemporaryDirectory(prefix="sv", dir="/tmp") as folder:
        home = Path(folder)
        one = Supervised(home, free_port())
        (home / "conf").write_text(CONFIG.format(home=home, port=one.port, password=PASSWORD))
        command = [Path(sys.executable).with_name("supervisord"), "-c", home / "conf"]
        with (home / "said").open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            until((home / "sock").exists, why=(home / "said").read_text)
            yield one
        finally:
            one.close()
            everybody = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for each in everybody:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait(20)
