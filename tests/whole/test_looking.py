"""Two real tocsins: one looks through the other, goes down with its target, is cut off, and forgets nothing."""

from pathlib import Path
from typing import Any

import pytest
import zmq

from running import Tocsind, free_port, listening, running
from until import until

SERVER, CENTRE = zmq.curve_keypair(), zmq.curve_keypair()
NODE = """
auth:
  curve:
    secret_key: "${NODE_KEY}"
    clients: [{name: centre, public: "%s", may: [look]}]
for_others: {near: true}
channels: {log: {type: console}}
receivers: [{name: ops, notify: [{by: [log]}]}]
route: {receiver: ops}
""" % CENTRE[0].decode()  # noqa: UP031 - the braces are YAML's
CENTRAL = """
channels: {{log: {{type: console}}}}
receivers: [{{name: ops, notify: [{{by: [log]}}]}}]
route: {{receiver: ops, group_wait: 0s}}
sight: {{references: ["127.0.0.1:{reference}"], every: 1s, timeout: 1s}}
nodes:
  far: {{url: "tcp://127.0.0.1:{zmq}", server_key: "{public}", secret_key: "${{CENTRE_KEY}}"}}
probes:
  gate: {{type: tcp, host: 127.0.0.1, port: {port}, every: 1s, timeout: 500ms, fail_after: 1, recover_after: 1}}
  shop:
    type: tcp
    host: 127.0.0.1
    port: {port}
    every: 1s
    timeout: 500ms
    fail_after: 1
    recover_after: 1
    depends_on: [gate]
    from: [here, far]
"""


def shop(daemon: Tocsind) -> dict[str, Any]:
    return next(one for one in daemon.rpc("probes.list") if one["name"] == "shop")


def alerts(daemon: Tocsind) -> set[tuple[str, str]]:
    listed = daemon.rpc("alerts.list")
    return {(one["labels"]["probe"], one["state"]) for one in listed if one["labels"].get("verdict") == "down"}


@pytest.mark.slow
def test_a_centre_looks_through_a_node(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "centre").mkdir()
    port, reference = free_port(), free_port()
    keys = {"NODE_KEY": SERVER[1].decode(), "CENTRE_KEY": CENTRE[1].decode()}
    with running(tmp_path / "node", NODE, **keys) as node, listening(reference):
        config = CENTRAL.format(port=port, reference=reference, zmq=node.zmq, public=SERVER[0].decode())
        with running(tmp_path / "centre", config, **keys) as centre:
            with listening(port):
                until(lambda: shop(centre)["verdict"] == "up")
                places = shop(centre)["reading"]["by_place"]
                assert {place: one["health"] for place, one in places.items()} == {"here": "up", "far": "up"}
            until(lambda: ("shop", "firing") in alerts(centre), within=20, why=centre.errors)
            assert ("gate", "firing") in alerts(centre)
            centre.kill()
            centre.start(**keys)
            with listening(port):
                until(lambda: {("shop", "resolved"), ("gate", "resolved")} <= alerts(centre), within=20)
            for secret in (SERVER[1], CENTRE[1]):
                assert secret.decode() not in centre.errors() + node.errors()
