"""A company's applications as the pages show them: a day of views, resources and errors."""

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from daemon import sketch
from daemon.config.errors import Errors
from daemon.config.settings import Settings
from daemon.config.wording import Texts
from daemon.faults import digest
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.series.key import Labels
from daemon.series.query import Query, Tallies
from daemon.series.selector import Selector
from daemon.series.tally import Tally
from daemon.store.base import Store
from daemon.web.apps.board import Pages
from daemon.web.apps.view import Rule
from daemon.zone import Zone
from fake_clock import FakeClock

STEP, DAY = 300, 86_400
SHANGHAI = Zone("Asia/Shanghai")
# route, views a minute at noon, typical seconds, the part that fails
ROUTES = {
    "shop": [
        ("/", 140.0, 0.045, 0.0),
        ("/product/<sku>", 96.0, 0.082, 0.001),
        ("/search", 51.0, 0.21, 0.002),
        ("/cart", 22.0, 0.064, 0.0),
        ("/pay", 7.5, 0.43, 0.021),
        ("/account/orders", 4.2, 0.12, 0.0),
        ("/invoice/<id>.pdf", 0.6, 1.9, 0.004),
    ],
    "office": [("/reports/<month>", 1.1, 2.6, 0.01), ("/stock", 3.4, 0.15, 0.0)],
    "mailer": [("send newsletter", 0.8, 0.9, 0.0)],
}
RESOURCES = [
    ("shop", "db", "orders", 210.0, 0.006, 0.0),
    ("shop", "db", "products", 380.0, 0.003, 0.0),
    ("shop", "cache", "sessions", 520.0, 0.0006, 0.0),
    ("shop", "http.client", "api.bank.example", 7.3, 0.38, 0.019),
    ("office", "db", "ledger", 14.0, 0.055, 0.0),
]
RULES = (
    Rule(name="pay is slow", state="firing", value="912ms (> 800ms)", since=0.0),
    Rule(name="nobody searches", state="ok", value="51 (< 10)"),
)


class Kept(Query):
    """Answers as daemon/series/query.py does, from memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, Labels, Tally]] = []
        self.asked = 0

    def put(self, start: float, name: str, labels: dict[str, str], tally: Tally) -> None:
        self.rows.append((int(start), name, tuple(sorted(labels.items())), tally))

    def tallies(
        self, selector: Selector, begin: float, end: float, step: int = 0, by: Sequence[str] | None = ()
    ) -> Tallies:
        self.asked += 1
        found: dict[Labels, dict[int, Tally]] = {}
        for start, name, labels, tally in self.rows:
            named = dict(labels)
            if name != selector.name or not begin <= start < end:
                continue
            if not all(one.matches(named) for one in selector.matchers):
                continue
            group = labels if by is None else tuple(pair for pair in labels if pair[0] in by)
            at = start // step * step if step else int(begin)
            kept = found.setdefault(group, {}).get(at)
            if kept is None:
                found[group][at] = copy.deepcopy(tally)
            else:
                kept.merge(tally)
        return {group: sorted(steps.items(), key=lambda one: one[0]) for group, steps in found.items()}


def spread(chance: random.Random, count: int, typical: float) -> Tally:
    """So many times around a typical one, some of them far longer."""
    counts: sketch.Counts = {}
    total, high = 0.0, 0.0
    drawn = min(count, 60)
    for _ in range(drawn):
        value = typical * math.exp(chance.gauss(0, 0.45)) * (6 if chance.random() < 0.02 else 1)
        total, high = total + value, max(high, value)
        place = sketch.place(value)
        counts[place] = counts.get(place, 0) + max(1, round(count / drawn))
    return Tally(float(count), total * count / drawn, typical / 5, high, typical, counts)


def counted(number: float) -> Tally:
    return Tally(1.0, number, number, number, number)


def at_noon(at: float) -> float:
    """How busy it is, from 0.12 at night to 1."""
    return 0.12 + 0.88 * max(0.0, math.sin((at / DAY + 8 / 24) % 1 * math.pi)) ** 2


def fill(kept: Kept, now: float, days: float = 1.0) -> None:
    chance = random.Random(7)
    for start in range(int(now - days * DAY) // STEP * STEP, int(now), STEP):
        busy = at_noon(start)
        is_slow = now - 3 * 3_600 < start < now - 2.2 * 3_600  # a bad hour of the bank's
        for app, routes in ROUTES.items():
            for route, rate, typical, fails in routes:
                views = round(rate * busy * STEP / 60 * chance.uniform(0.85, 1.15))
                labels = {"app": app, "route": route}
                slow = 4.0 if is_slow and route == "/pay" else 1.0
                if views:
                    kept.put(start, "http.time", labels, spread(chance, views, typical * slow))
                failed = sum(chance.random() < fails * slow * slow for _ in range(views))
                if failed:
                    kept.put(start, "http.errors", labels, counted(failed))
                    kept.put(start, "errors", {"app": app, "level": "error"}, counted(round(failed * 0.8)))
        for app, kind, name, rate, typical, fails in RESOURCES:
            uses = max(1, round(rate * busy * STEP / 60))
            labels = {"app": app, "type": kind, "resource": name}
            kept.put(start, "resource.time", labels, spread(chance, uses, typical))
            if fails and (failed := round(uses * fails)):
                kept.put(start, "resource.errors", labels, counted(failed))


def declined(at: float, number: int) -> ErrorEvent:
    """What the bank says, three calls deep."""
    frames = (
        Frame(module="flask.app", filename="flask/app.py", function="dispatch_request", lineno=902),
        Frame(module="flask.views", filename="flask/views.py", function="view", lineno=110),
        Frame(
            module="shop.pay", filename="shop/pay.py", function="pay", lineno=48, in_app=True,
            pre_context=("    order = orders.get(order_id)", "    with resource('http.client', 'api.bank.example'):"),
            context_line="        receipt = bank.charge(order.card, order.total)",
            post_context=("    order.paid(receipt)", "    return redirect(order.url)"),
        ),
        Frame(
            module="shop.bank", filename="shop/bank.py", function="charge", lineno=21, in_app=True,
            pre_context=("    answer = session.post(URL, json=body, timeout=5)",),
            context_line="    raise BankDeclined(answer.json()['reason'])",
        ),
    )  # fmt: skip
    return ErrorEvent(
        app="shop", event_id=f"{number:032x}", at=at, received_at=at, level="error", transaction="/pay",
        exceptions=(
            Raised(type="Timeout", module="requests", value="HTTPSConnectionPool(host='api.bank.example', port=443)"),
            Raised(type="BankDeclined", module="shop.bank", value="issuer does not answer", frames=frames),
        ),
        release="shop@2026.11.3" if number > 8 else "shop@2026.11.2", environment="production",
        server_name=f"web-{number % 3 + 1}", tags=(("browser", ("Firefox", "Chrome", "Chrome")[number % 3]),),
        user=f"u-{1_000 + number * 7}", contexts=(("runtime", "CPython 3.11.2"),),
        request=(("method", "POST"), ("url", "https://shop.example.com/pay"), ("Cookie", "[removed]")),
        trail=("GET /cart", "POST /pay", "redis GET session:4f1c"), sdk="sentry.python 2.75.0", size=9_000,
    )  # fmt: skip


def told(now: float) -> list[ErrorEvent]:
    """Errors in the order in which they came."""
    ago = [50, 49.5, 30, 29, 27, 26.4, 5, 4.9, *(2.9 - number * 0.05 for number in range(14)), 0.3]
    found = [declined(now - hours * 3_600, number) for number, hours in enumerate(ago)]
    for number, (app, level, kind, value, route, hours) in enumerate([
        ("office", "error", "KeyError", "'2026-13'", "/reports/<month>", 7.0),
        ("shop", "fatal", "MemoryError", "cannot allocate 48 MB for the invoice", "/invoice/<id>.pdf", 20.0),
        ("mailer", "warning", "SMTPRecipientsRefused", "550 no such user here", "send newsletter", 1.2),
    ]):  # fmt: skip
        frames = (Frame(module=f"{app}.main", filename=f"{app}/main.py", function="handle", lineno=12, in_app=True),)
        found.append(
            ErrorEvent(
                app=app, event_id=f"{900 + number:032x}", at=now - hours * 3_600, received_at=now - hours * 3_600,
                level=level, transaction=route, exceptions=(Raised(type=kind, value=value, frames=frames),),
                environment="production", size=2_000,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: one.at)


@dataclass
class Show:
    """The pages over what was filled in; settings and rules are a test's to change."""

    store: Store
    clock: FakeClock
    kept: Kept = field(default_factory=Kept)
    rules: tuple[Rule, ...] = ()
    settings: Settings = field(default_factory=lambda: Settings(texts=Texts(time_zone=SHANGHAI)))

    def __post_init__(self) -> None:
        self.pages = Pages(
            self.kept, self.store, self.clock, lambda: self.settings, lambda work: work(), lambda: self.rules
        )

    def tell(self, errors: Sequence[ErrorEvent]) -> None:
        """Digest errors, each when it came."""
        for one in errors:
            self.store.write(lambda tx, one=one: digest.digest(tx, [one], Errors(), one.received_at))  # type: ignore[misc]
