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

from daemon.alerting.intake import Intake  # noqa: E402
from daemon.alerting.rules import Rules  # noqa: E402
from daemon.clock import SystemClock  # noqa: E402
from daemon.config.audience import Leg, Person, Receiver, Route  # noqa: E402
from daemon.config.settings import Channel, Settings  # noqa: E402
from daemon.delivery.alarms import Voice  # noqa: E402
from daemon.delivery.courier import Courier  # noqa: E402
from daemon.event import Event, Severity  # noqa: E402
from daemon.secret import Secret  # noqa: E402
from daemon.senders.aliyun_sms import AliyunSms  # noqa: E402
from daemon.store.sqlite import SqliteStore  # noqa: E402
from daemon.template import Template  # noqa: E402
from daemon.units import Seconds  # noqa: E402


def settings(pool: int, port: int) -> Settings:
    """One person, one SMS channel whose limits are lifted."""
    sender = AliyunSms(
        access_key_id="id",
        access_key_secret=Secret("secret"),
        sign_name="tocsin",
        template_code="SMS_1",
        template_params={"name": Template("{{ alert.title }}"), "code": Template("{{ alert.code }}")},
        endpoint=f"http://127.0.0.1:{port}",
    )
    return Settings(
        people={"lin": Person(name="lin", phone="+8613800000001")},
        channels={"sms": Channel(name="sms", type="aliyun_sms", sender=sender, pool=pool, rates=())},
        receivers={"ops": Receiver(name="ops", notify=(Leg(by=("sms",), to=("lin",)),))},
        route=Route(receiver="ops", group_by=("...",), group_wait=Seconds(0), group_interval=Seconds(0)),
    )


def main() -> None:
    """Fill, start the clock, drain, report."""
    home, pool, messages, port = Path(sys.argv[1]), *map(int, sys.argv[2:])
    live = settings(pool, port)
    store = SqliteStore(home / "tocsin.db")
    clock = SystemClock()
    intake = Intake(store, clock, lambda: Rules(live))
    for first in range(0, messages, 500):
        keys = range(first, min(first + 500, messages))
        intake.events(
            [Event(source="bench", key=str(key), title=f"alarm {key}", severity=Severity.ERROR) for key in keys]
        )
    gc.collect()
    gc.freeze()
    courier = Courier(store, clock, lambda: live, Voice(alarm=intake.alarm, over=intake.alarm_over))
    cpu, begin = time.process_time(), time.monotonic()
    courier.start()
    while store.read(lambda tx: tx.one("SELECT 1 FROM deliveries WHERE phase != 'sent' LIMIT 1")):
        Signal().wait(0.02)
    seconds = time.monotonic() - begin
    figures = {
        "messages": messages,
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    courier.stop(5)
    store.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
