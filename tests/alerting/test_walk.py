"""Why each route took an alert or did not; and that a dry run says what then really happens."""

from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from daemon.alerting import route
from daemon.alerting.dryrun import rehearsed
from daemon.alerting.rules import Rules
from daemon.alerting.walk import Verdict, taken, walk
from daemon.config.audience import Route
from daemon.event import Severity
from daemon.matcher import parse
from daemon.store import groups
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing
from made import event, settings

TREE = Route(
    receiver="ops",
    routes=(
        Route(receiver="db", matchers=parse('team="db"'), routes=(Route(matchers=parse('host=~"a.*"')),)),
        Route(receiver="quiet", matchers=parse('severity="info",team!="db"'), continue_=True),
        Route(receiver="db", matchers=parse('severity="info"')),
        Route(receiver="ops", matchers=parse('team="net"'), routes=(Route(matchers=parse("x=y")),)),
    ),
)


def table(**labels: str) -> dict[str, str]:
    return {
        look.place.replace("route.", "").replace("routes", ""): look.verdict
        for look in walk(route.compiled(TREE), labels)
    }


def test_a_route_that_matches_hands_on_to_the_child_that_does_and_nobody_behind_it_is_asked() -> None:
    assert table(team="db", host="a1", severity="info") == {
        "route": "hands_on", "[0]": "hands_on", "[0].[0]": "takes",
        "[1]": "sibling", "[2]": "sibling", "[3]": "sibling", "[3].[0]": "parent",
    }  # fmt: skip


def test_what_continues_leaves_the_next_one_its_turn() -> None:
    assert table(team="web", severity="info") == {
        "route": "hands_on", "[0]": "no_match", "[0].[0]": "parent",
        "[1]": "takes", "[2]": "takes", "[3]": "sibling", "[3].[0]": "parent",
    }  # fmt: skip


def test_what_no_child_takes_the_route_itself_takes() -> None:
    assert table(team="net")["[3]"] == "takes"
    assert table()["route"] == "takes"


def test_every_matcher_says_what_it_met() -> None:
    looks = walk(route.compiled(TREE), {"team": "web"})
    second = next(look for look in looks if look.place == "route.routes[1]")
    assert [(one.says, one.value, one.matches) for one in second.matchers] == [
        ('severity="info"', None, False),
        ('team!="db"', "web", True),
    ]
    assert second.why == 'severity="info" does not match'
    behind = next(look for look in looks if look.place == "route.routes[0].routes[0]")
    assert behind.why == "route.routes[0] does not match"


def test_the_reason_names_who_took_it_before() -> None:
    looks = {look.place: look.why for look in walk(route.compiled(TREE), {"team": "db", "host": "b"})}
    assert looks["route"] == "route.routes[0] takes it"
    assert looks["route.routes[0]"] == "none of the routes in it matches"
    assert looks["route.routes[3]"] == "route.routes[0] takes it and does not continue"
    assert looks["route.routes[3].routes[0]"] == "route.routes[3] was not asked"


NAMES, VALUES = ("team", "host", "severity"), ("db", "web", "info", "")
MATCHERS = st.builds(
    lambda name, operator, value: parse(f'{name}{operator}"{value}"'),
    st.sampled_from(NAMES), st.sampled_from(("=", "!=", "=~", "!~")), st.sampled_from(VALUES),
)  # fmt: skip
LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES))


def _node(children: st.SearchStrategy[list[Route]]) -> st.SearchStrategy[Route]:
    return st.builds(
        Route,
        receiver=st.sampled_from(("ops", "db", "quiet", "")),
        matchers=MATCHERS,
        continue_=st.booleans(),
        group_by=st.sampled_from((None, ("...",), ("team",), ())),
        group_wait=st.sampled_from((None, Seconds(0), Seconds(10), Seconds(30))),
        group_interval=st.sampled_from((None, Seconds(60))),
        routes=children.map(tuple),
    )


NODES = st.recursive(_node(st.just([])), lambda inner: _node(st.lists(inner, max_size=3)), max_leaves=8)
TREES = st.lists(NODES, max_size=4).map(lambda routes: Route(receiver="ops", routes=tuple(routes)))


@given(tree=TREES, labels=LABELS)
@tried(max_examples=100, deadline=None)
def test_it_is_the_walk_that_alerts_take(tree: Route, labels: dict[str, str]) -> None:
    root = route.compiled(tree)
    looks = walk(root, labels)
    assert taken(looks) == [(node.place, node.receiver) for node in route.matching(root, labels)]
    assert [look.place for look in looks] == [node.place for node in route.every(root)]
    asked = {look.place: look for look in looks}
    for look in looks:
        if look.verdict in (Verdict.TAKES, Verdict.HANDS_ON) and look.place != "route":
            assert all(one.matches for one in look.matchers)
            assert asked[look.place.rpartition(".")[0]].verdict is Verdict.HANDS_ON
        if look.verdict is Verdict.NO_MATCH:
            assert not all(one.matches for one in look.matchers)


@given(tree=TREES, before=st.lists(LABELS, max_size=2), labels=LABELS, silenced=st.booleans())
@tried(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_dry_run_says_what_then_really_happens(
    store: SqliteStore, tree: Route, before: list[dict[str, str]], labels: dict[str, str], silenced: bool
) -> None:
    hearing = Hearing(store, settings(route=tree))
    store.write(_emptied)
    for number, others in enumerate(before):
        hearing.fires(f"old{number}", labels=others)
    if silenced:
        hearing.silence('team="db"')
    hearing.to(17)
    rules = Rules(hearing.rules.settings)
    would = store.read(lambda tx: rehearsed(tx, labels, Severity.ERROR, "shop", rules, hearing.now))
    known = store.read(_notice_count)
    hearing.take(event(key="", labels=labels))
    there = store.read(lambda tx: groups.of_alert(tx, _last(tx)))
    assert {one.receiver for one in would.hears} == {group.receiver for group in there}
    assert {one.group for one in would.hears if one.group} <= {group.code for group in there}
    hearing.to(max(one.at for one in would.hears) - hearing.now + 17)
    told = store.read(lambda tx: _told(tx, known))
    assert {(one.receiver, round(one.at, 3)) for one in would.hears if one.muted is None} == told


def _emptied(tx: Tx) -> None:
    for name in ("alerts", "groups", "notices", "silences", "timers", "flaps"):
        tx.run(f"DELETE FROM {name}")


def _notice_count(tx: Tx) -> int:
    row = tx.one("SELECT coalesce(max(id), 0) FROM notices")
    return row[0] if row else 0


def _last(tx: Tx) -> int:
    row = tx.one("SELECT max(id) FROM alerts")
    return row[0] if row else 0


def _told(tx: Tx, after: int) -> set[tuple[str, float]]:
    rows = tx.all(
        "SELECT n.receiver, n.at FROM notices n JOIN notice_alerts a ON a.notice_id = n.id"
        " WHERE n.id > ? AND a.alert_id = ?",
        (after, _last(tx)),
    )
    return {(receiver, round(at, 3)) for receiver, at in rows}
