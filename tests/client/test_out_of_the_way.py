"""The client is in nobody's way: readers that are not there or do not read, forks, threads, greenlets, the end."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import tocsin
from ear import Ear, udp_ear, unix_ear
from tree import ROOT

CLIENT = str(ROOT / "client")


def run(program: str, address: str, *options: str, **environ: str) -> str:
    """Run a program that imports the client; what it prints. Anything on standard error fails."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *options, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": CLIENT, "TOCSIN_STATSD": address, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.usefixtures("ear")
def test_nobody_listens() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = bound.getsockname()[1]
    before = tocsin.dropped
    tocsin.configure(f"127.0.0.1:{nobody}")
    for _ in range(100):
        tocsin.Counter("t").increment()
    assert before + 90 <= tocsin.dropped <= before + 100


@pytest.mark.usefixtures("ear")
def test_a_reader_that_comes_back_over_udp_misses_nothing_that_is_sent_then() -> None:
    with udp_ear() as gone:
        address = gone.address
    tocsin.configure(address)
    counter = tocsin.Counter("t")
    for _ in range(3):
        counter.increment()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        back.settimeout(2)
        counter.increment(2)
        assert back.recv(100) == b"t:2|c|#app:shop"


@pytest.mark.usefixtures("ear")
def test_a_reader_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with unix_ear(tmp_path / "s") as deaf:
        tocsin.configure(deaf.address)
        before = tocsin.dropped
        for _ in range(5_000):
            tocsin.Counter("t").increment()
        heard = len(deaf.rest())
        assert 0 < heard < 5_000
        assert tocsin.dropped == before + 5_000 - heard


@pytest.mark.usefixtures("ear")
def test_no_socket_in_the_file_system_is_looked_for_once_a_second(tmp_path: Path) -> None:
    before = tocsin.dropped
    tocsin.configure(f"unix://{tmp_path}/nobody")
    for _ in range(1_000):
        tocsin.Counter("t").increment()
    assert tocsin.dropped == before + 1_000


def test_no_file_descriptor_is_left(ear: Ear) -> None:
    program = """
import resource, os, tocsin
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
held = []
try:
    while True:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
tocsin.Counter("t").increment()
print(tocsin.dropped)
for one in held:
    os.close(one)
"""
    assert run(program, ear.address) == "1\n"


def test_a_datagram_that_is_too_large_is_dropped(ear: Ear) -> None:
    before = tocsin.dropped
    tocsin.Counter("t").increment(tags={f"tag{number}": "x" * 190 for number in range(1_000)})
    tocsin.Counter("t").increment()
    assert ear.line() == "t:1|c|#app:shop"
    assert tocsin.dropped == before + 1


def test_threads_lose_nothing_and_mix_nothing(ear: Ear) -> None:
    tocsin.configure(batch=True)

    def count(name: str) -> None:
        for _ in range(1_000):
            tocsin.Counter(name).increment()

    threads = [threading.Thread(target=count, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tocsin.flush()
    heard = ear.rest()
    assert {name: heard.count(f"{name}:1|c|#app:shop") for name in ("t0", "t1", "t2", "t3")} == dict.fromkeys(
        ("t0", "t1", "t2", "t3"), 1_000
    )


THREADS = """
import sys, threading, tocsin
sys.setswitchinterval(1e-6)
tocsin.configure(batch=True)
def count():
    for _ in range(100):
        tocsin.Counter("t").increment()
threads = [threading.Thread(target=count) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
"""


@pytest.mark.parametrize("first", ["", "from gevent import monkey; monkey.patch_all()\n"])
def test_native_threads_and_greenlets_and_what_is_gathered_at_the_end(ear: Ear, first: str) -> None:
    # gevent itself warns of things of its own under -W error
    run(first + THREADS, ear.address, "-W", "default", PYTHONDEVMODE="")
    assert ear.rest().count("t:1|c") == 400


def test_patched_after_it_was_imported(ear: Ear) -> None:
    program = """
import tocsin
tocsin.Counter("before").increment()
from gevent import monkey; monkey.patch_all(); import gevent
def count(): tocsin.Counter("t").increment(); gevent.sleep(0); tocsin.Counter("t").increment()
gevent.joinall([gevent.spawn(count) for _ in range(10)], raise_error=True)
"""
    run(program, ear.address, "-W", "ignore")
    assert ear.rest() == ["before:1|c", *["t:1|c"] * 20]


def test_a_child_sends_for_itself_and_nothing_twice(ear: Ear) -> None:
    program = """
import os, tocsin
tocsin.configure(batch=True)
tocsin.Counter("first").increment()
tocsin.Counter("parent").increment()
child = os.fork()
tocsin.Counter("child" if child == 0 else "parent").increment()
if child == 0:
    tocsin.flush()
    os._exit(0)
os.waitpid(child, 0)
"""
    run(program, ear.address)
    assert sorted(ear.rest()) == ["child:1|c", "first:1|c", "parent:1|c", "parent:1|c"]


def test_all_files_closed_behind_its_back(ear: Ear) -> None:
    program = """
import os, tocsin
tocsin.Counter("t").increment()
os.closerange(3, 100)
other = os.open("/dev/null", os.O_RDONLY)  # takes the number of ours
tocsin.Counter("t").increment()
tocsin.Counter("t").increment()
os.fstat(other)
os.closerange(3, 100)
print(tocsin.dropped)
"""
    assert run(program, ear.address) == "1\n"
    assert ear.rest() == ["t:1|c"] * 2


def test_at_the_very_end_of_the_interpreter(ear: Ear) -> None:
    program = """
import atexit, tocsin
class Late:
    def __del__(self):
        tocsin.Counter("late").increment()
late = Late()
atexit.register(tocsin.Counter("exit").increment)
"""
    run(program, ear.address)
    assert ear.rest()[0] == "exit:1|c"


def test_in_a_signal_handler(ear: Ear) -> None:
    program = """
import signal, tocsin
tocsin.configure(batch=True)
signal.signal(signal.SIGALRM, lambda *_: tocsin.Counter("s").increment())
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
for _ in range(20000): tocsin.Counter("t").increment()
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    run(program, ear.address)
    heard = ear.rest()
    assert heard.count("t:1|c") == 20_000
    assert heard.count("s:1|c") > 5


def test_a_name_is_looked_up_beside_the_program(ear: Ear) -> None:
    program = """
import socket, threading, time
answer, asked = threading.Event(), threading.Event()
real = socket.getaddrinfo
def slow(*args, **kwargs):
    asked.set(); answer.wait(10)
    return real("127.0.0.1", args[1], type=socket.SOCK_DGRAM)
socket.getaddrinfo = slow
import tocsin
begun = time.monotonic()
assert asked.wait(5)
for _ in range(100): tocsin.Counter("lost").increment()
assert time.monotonic() - begun < 1 and tocsin.dropped == 100
answer.set()
for thread in threading.enumerate():
    if thread.name == "tocsin-name": thread.join(5)
tocsin.Counter("t").increment()
"""
    run(program, f"statsd.example.com:{ear.address.rpartition(':')[2]}")
    assert ear.rest() == ["t:1|c"]


def test_a_child_looks_a_name_up_that_its_parent_did_not_know_yet(ear: Ear) -> None:
    program = """
import os, socket, threading
real, never = socket.getaddrinfo, threading.Event()
socket.getaddrinfo = lambda *args, **kwargs: never.wait(3) and None
import tocsin
socket.getaddrinfo = lambda *args, **kwargs: real("127.0.0.1", args[1], type=socket.SOCK_DGRAM)
child = os.fork()
if child == 0:
    tocsin.Counter("lost").increment()
    for thread in threading.enumerate():
        if thread.name == "tocsin-name": thread.join(5)
    tocsin.Counter("t").increment()
    os._exit(tocsin.dropped)
print(os.waitpid(child, 0)[1] >> 8)
never.set()
"""
    assert run(program, f"statsd.example.com:{ear.address.rpartition(':')[2]}", "-W", "ignore") in ("0\n", "1\n")
    assert ear.rest()[-1] == "t:1|c"


def test_the_environment_says_where_and_who(ear: Ear) -> None:
    run("import tocsin; tocsin.Counter('t').increment()", ear.address, TOCSIN_APP="till")
    run("import tocsin; tocsin.Counter('t').increment()", "off", TOCSIN_APP="till")
    assert ear.rest() == ["t:1|c|#app:till"]
    done = subprocess.run(
        [sys.executable, "-c", "import tocsin; tocsin.Counter('t').increment()"],
        env={"PYTHONPATH": CLIENT, "TOCSIN_STATSD": "nonsense:x"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "TOCSIN_STATSD cannot be used" in done.stderr
