"""A network of its own in which everything on the way to a server takes as long as a test wants.

Run as a program inside `unshare --net --mount`: it brings up the network, a name server and a server with TLS, has the
probe and `curl` look at it in turn, and prints as JSON how long each says that each phase took.

What is sent to FAR goes into a tunnel whose other end is this program. It swaps source and destination, which changes
no checksum, and sends it back: so FAR is this machine once more, and the road to it takes as long as is wanted.
"""

from gevent import config, monkey

config.resolver = "ares"  # as the daemon has it
monkey.patch_all()

import fcntl  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event as Signal  # noqa: E402
from gevent.os import tp_read  # noqa: E402

from authority import Authority  # noqa: E402
from daemon.probes.http import Http  # noqa: E402
from name_server import NameServer  # noqa: E402
from raw_server import request, serving  # noqa: E402

NAME, NEAR, FAR = "slow.example", "10.77.0.1", "10.77.0.2"
_TUNSETIFF, _TUN, _NO_HEADER = 0x400454CA, 0x0001, 0x1000
_TCP, _SYN_OFFSET, _SYN = 6, 13, 0x02


def main() -> None:
    """Everything: `slow_road.py FOLDER ROUNDS DELAYS`, the delays in seconds by phase as JSON."""
    folder, rounds, delays = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    authority = Authority(folder)
    road(delays["connect"])
    NameServer(port=53, addresses=(FAR,), delay=delays["resolve"]).start()
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:5\n")
    run("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
    context = authority.signs(NAME).context(folder)

    def speak(sock: socket.socket) -> None:
        Signal().wait(delays["tls"])
        with context.wrap_socket(sock, server_side=True) as tunnel:
            request(tunnel)
            Signal().wait(delays["first_byte"])
            tunnel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhalf")
            Signal().wait(delays["download"])
            tunnel.sendall(b"half")

    with serving(speak, host=NEAR) as port:
        probe = Http(url=f"https://{NAME}:{port}/", ca_file=str(authority.pem))
        ours, theirs = [], []
        for _ in range(rounds):
            reading = gevent.spawn(probe.look).get()
            assert reading.is_well, reading.detail
            ours.append(reading.phases)
            theirs.append(curl(f"https://{NAME}:{port}/", authority.pem))
    sys.stdout.write(json.dumps({"probe": ours, "curl": theirs}))


def road(delay: float) -> None:
    """Build the road; whoever wants to connect waits so long."""
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, _TUNSETIFF, struct.pack("16sH22x", b"road", _TUN | _NO_HEADER))
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{NEAR}/24", "dev", "road")
    run("ip", "link", "set", "road", "up")
    gevent.spawn(reflect, tunnel, delay)


def reflect(tunnel: int, delay: float) -> None:
    """Send everything back where it came from, what asks for a connection later."""
    while True:
        packet = tp_read(tunnel, 65_535)
        if packet[0] >> 4 != 4:
            continue
        head = 4 * (packet[0] & 0x0F)
        asks = packet[9] == _TCP and packet[head + _SYN_OFFSET] == _SYN
        gevent.spawn_later(
            delay if asks else 0, os.write, tunnel, packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
        )


def curl(url: str, ca_file: Path) -> dict[str, float]:
    """What `curl -w` says, as phases: each of its own times counts from the beginning (curl's manual)."""
    command = ["curl", "-sS", "--http1.1", "-o", "/dev/null", "-w", "%{json}", "--cacert", str(ca_file), url]
    said = json.loads(run(*command))
    return {
        "resolve": said["time_namelookup"],
        "connect": said["time_connect"] - said["time_namelookup"],
        "tls": said["time_appconnect"] - said["time_connect"],
        "first_byte": said["time_starttransfer"] - said["time_pretransfer"],
        "download": said["time_total"] - said["time_starttransfer"],
        "total": said["time_total"],
    }


def run(*command: str) -> str:
    """Run a program to its end."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
