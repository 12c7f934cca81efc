"""Fill an outbox, then let the courier drain it; print how long that took and what it cost."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from gevent.event import Event as Signal  # noqa: E402

from daemon import registry, senders  # noqa: E402
from daemon.alerting.intake import Intake  # noqa: E402
from daemon.alerting.rules import Rules  # noqa: E402
from daemon.clock import SystemClock  # noqa: E402
from daemon.config.audience import Leg, Person, Receiver, Route  # noqa: E402
from daemon.config.settings import Channel, Settings  # noqa: E402
from daemon.delivery.alarms import Voice  # noqa: E402
from daemon.delivery.courier import Courier  # noqa: E402
from daemon.event import Event, Severity  # noqa: E402
from daemon.secret import Secret  # noqa: E402
from daemon.store.sqlite import SqliteStore  # noqa: E402
from daemon.template import Template  # noqa: E402
from daemon.units import Seconds  # noqa: E402

AT_ONCE = 500  # events of one request


def options(kind: str, port: int) -> dict[str, object]:
    """What a channel of this kind is set to, as its page shows it."""
    here = f"http://127.0.0.1:{port}"
    params = {"level": "{{ alert.severity }}", "name": "{{ alert.title }}", "code": "{{ alert.code }}"}
    return {
        "aliyun_sms": {
            "access_key_id": "id",
            "access_key_secret": Secret("secret"),
            "sign_name": "tocsin",
            "template_code": "SMS_1",
            "template_params": {name: Template(source) for name, source in params.items()},
            "endpoint": here,
        },
        "wecom_robot": {"key": Secret("693a91f6-7a0c-4bc4-97a0-0ec2sifa5aaa"), "endpoint": here},
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "from_": "tocsin <alert@it.example>"},
    }[kind]


def settings(kind: str, pool: int, port: int, people: int) -> Settings:
    """One channel without limits of its own, and so many people who are told everything (a room has none)."""
    sender = registry.kinds_in(senders)[kind](**options(kind, port))
    team = {
        f"p{n}": Person(name=f"p{n}", phone=f"+86138{n:08}", email=f"p{n}@it.example") for n in range(people)
    }  # fmt: skip
    return Settings(
        people=team,
        channels={"way": Channel(name="way", type=kind, sender=sender, pool=pool, rates=())},
        receivers={"ops": Receiver(name="ops", notify=(Leg(by=("way",), to=tuple(team) if sender.address else ()),))},
        route=Route(receiver="ops", group_by=("...",), group_wait=Seconds(0), group_interval=Seconds(0)),
    )


def alarm(n: int) -> Event:
    """One of many, with as much to say as alarms have."""
    return Event(
        source="bench",
        key=str(n),
        title=f"disk /srv almost full on db-{n}",
        text="97.3 % used, more than 95 % for 5 minutes.\nAt this rate it is full in 3 hours.",
        severity=Severity.ERROR,
        labels={"host": f"db-{n}", "service": "orders", "team": "storage"},
        links={"runbook": "https://wiki.it.example/disk-full"},
    )


def main() -> None:
    """Fill, start the clock, drain, report."""
    home, kind, pool, messages, port, people = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
    live = settings(kind, pool, port, people)
    store = SqliteStore(home / "tocsin.db")
    clock = SystemClock()
    intake = Intake(store, clock, lambda: Rules(live))
    for first in range(0, messages, AT_ONCE):
        intake.events([alarm(n) for n in range(first, min(first + AT_ONCE, messages))])
    gc.collect()
    gc.freeze()
    courier = Courier(store, clock, lambda: live, Voice(alarm=intake.alarm, over=intake.alarm_over))
    cpu, begin = time.process_time(), time.monotonic()
    courier.start()
    while store.read(lambda tx: tx.one("SELECT 1 FROM deliveries WHERE phase IN ('waiting', 'sending') LIMIT 1")):
        Signal().wait(0.1)
    seconds = time.monotonic() - begin
    figures = {
        "messages": messages * people,
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sent = store.read(lambda tx: tx.one("SELECT count(*) FROM deliveries WHERE phase = 'sent'"))
    courier.stop(5)
    store.close()
    if sent != (messages * people,):
        sys.exit(f"{sent} of {messages * people} were sent")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
