"""The scheduler on the real clock, with a real server."""

import socket
from queue import Queue

from daemon.clock import SystemClock
from daemon.config.looking import ProbePlan
from daemon.event import Event, State
from daemon.probes.http import Http
from daemon.probing.scheduler import Scheduler
from daemon.units import Quorum, Seconds
from probes_by_hand import Plans
from raw_server import ok, request, serving


def test_on_the_real_clock_with_a_real_server_down_and_up_arrive() -> None:
    answers = [ok(), ok(), b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"]
    events: Queue[Event] = Queue()

    def speak(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(answers.pop(0) if len(answers) > 1 else answers[0])

    with serving(speak) as port:
        front = ProbePlan(
            name="front",
            type="http",
            probe=Http(url=f"http://127.0.0.1:{port}/"),
            every=Seconds(0.05),
            recover_after=Quorum(1, 1),
        )
        scheduler = Scheduler(Plans(front), SystemClock(), lambda told: [events.put(event) for event in told])
        scheduler.start()
        try:
            assert [events.get(timeout=4).title for _ in range(3)] == ["front is up: 200 OK"] * 3
            down = events.get(timeout=4)
            assert down.title == "front is down: 500 Internal Server Error, expected 200-399"
            assert "first byte" in down.text
            answers[:] = [ok()]
            assert events.get(timeout=4).state is State.RESOLVED
        finally:
            scheduler.stop()
