"""Any frames at all: an answer that is well-formed, or silence, and a port that lives."""

import msgspec
import zmq.green as zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ports import SOON, Connect, Open, asked, assert_lives, request

FRAMES = st.lists(
    st.binary(max_size=40)
    | st.just(b"")
    | st.sampled_from([request("echo", text="a"), request("raise"), b"[]", b"{}", b"[" * 3_000]),
    min_size=1,
    max_size=24,
)


def test_any_frames_are_answered_and_the_port_lives(open_port: Open, connect: Connect) -> None:
    port = open_port()
    client = connect(port, zmq.DEALER)

    @settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(FRAMES)
    def talk(frames: list[bytes]) -> None:
        client.send_multipart(frames)
        assert client.poll(SOON), frames
        *envelope, said = client.recv_multipart()
        assert envelope == frames[: len(envelope)]
        answer = msgspec.json.decode(said)
        assert ("result" in answer) != ("error" in answer)

    talk()
    assert asked(client, request("echo", text="after all that"))["result"] == "after all that"
    assert_lives(port, connect)
