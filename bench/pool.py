"""What tocsin is measured against: a pool of greenlets that post with `requests`, and nothing else."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402
import requests  # noqa: E402

WITHIN = 10.0


def main() -> None:
    """A session for each greenlet, each takes the next message; the answer's own code is read."""
    pool, messages, port, size = map(int, sys.argv[1:])
    url, body = f"http://127.0.0.1:{port}/send", json.dumps({"text": "x" * max(0, size - len('{"text": ""}'))})
    numbers = itertools.count()

    def post_all() -> None:
        session = requests.Session()
        while next(numbers) < messages:
            answer = session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=WITHIN)
            answer.raise_for_status()
            if answer.json()["errcode"] != 0:
                sys.exit(answer.text)

    gc.collect()
    gc.freeze()
    cpu, begin = time.process_time(), time.monotonic()
    gevent.joinall([gevent.spawn(post_all) for _ in range(pool)], raise_error=True)
    figures = {
        "messages": messages,
        "seconds": time.monotonic() - begin,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
