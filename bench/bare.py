"""What the intake is measured against: bottle on gevent's pywsgi, which parses the JSON and answers."""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402

import bottle  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

app = bottle.Bottle()


@app.post("/webhook/alertmanager")
def hook() -> dict[str, int]:
    """Parse and answer: nothing is kept."""
    return {"accepted": len(json.loads(bottle.request.body.read())["alerts"])}


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    WSGIServer(listener, app, log=None).serve_forever()
