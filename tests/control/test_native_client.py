"""The client that the README shows: plain pyzmq in a process of its own, nothing patched."""

import json
import subprocess
import sys

import pytest

from ports import Counter, Open

CLIENT = """
import json, sys, zmq

client = zmq.Context().socket(zmq.REQ)
client.linger = 0
client.connect(sys.argv[1])
for number in range(int(sys.argv[2])):
    client.send_json({"jsonrpc": "2.0", "id": number, "method": "echo", "params": {"text": "x" * (number % 700)}})
    if not client.poll(10_000):
        sys.exit("tocsin did not answer")
    answer = client.recv_json()
    assert answer["id"] == number and len(answer["result"]) == number % 700, answer
print(json.dumps(answer))
"""


def talk(endpoint: str, times: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", CLIENT, endpoint, str(times)], stdout=subprocess.PIPE, text=True)


def test_a_plain_client_in_another_process_is_answered(open_port: Open) -> None:
    client = talk(open_port().endpoint, 3)
    printed, _ = client.communicate(timeout=4)
    assert client.returncode == 0
    assert json.loads(printed)["result"] == "xx"


@pytest.mark.slow
def test_plain_clients_stay_served_while_others_are_killed_in_mid_talk(open_port: Open, counter: Counter) -> None:
    del counter
    port = open_port()
    staying = [talk(port.endpoint, 700) for _ in range(2)]
    doomed = [talk(port.endpoint, 10_000_000) for _ in range(2)]
    staying[0].communicate(timeout=60)
    for client in doomed:
        client.kill()
        client.communicate(timeout=60)
    staying[1].communicate(timeout=60)
    assert [client.returncode for client in staying] == [0, 0]
    after = talk(port.endpoint, 1)
    after.communicate(timeout=60)
    assert after.returncode == 0
