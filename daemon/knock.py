"""Knock at the daemon's own HTTP door: the service script's way to learn whether it is open.

python -m daemon.knock --config /etc/tocsin/tocsin.yml     print where the door is
python -m daemon.knock http://127.0.0.1:8420/-/ready       exit 0 when it answers that it is ready
"""

import http.client
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from daemon.config.load import http_address

WITHIN = 5.0  # seconds that an answer may take
USAGE = "usage: python -m daemon.knock (--config FILE | URL)"
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound


def main(arguments: list[str]) -> int:
    """Answer one of the two questions; return 0 for yes."""
    match arguments:
        case ["--config", path]:
            print(door(http_address(Path(path), os.environ)))  # noqa: T201 - the answer
            return 0
        case [url] if url.startswith("http://"):
            said = knock(url)
            if said:
                print(said, file=sys.stderr)  # noqa: T201 - why not
            return 1 if said else 0
    print(USAGE, file=sys.stderr)  # noqa: T201 - for the person who typed it
    return 2


def door(address: str) -> str:
    """The URL that tells readiness, on a host that can be reached from this machine."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    host = _EVERYWHERE.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/-/ready"


def knock(url: str, within: float = WITHIN) -> str:
    """Ask once; return why it is not ready, or nothing when it is."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=within)
    try:
        connection.request("GET", parts.path, headers={"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error!r}"
    finally:
        connection.close()
    return "" if answer.status == http.client.OK else f"{url} answers {answer.status} {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
