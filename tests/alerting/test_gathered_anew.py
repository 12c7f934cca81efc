"""After a change of the configuration nothing is lost because a group remembers what it has handed over."""

from daemon.config.audience import Leg, Receiver, Route
from daemon.config.settings import Settings
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import groups
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Said
from hushed import Hushed
from made import settings

DB = {"team": "db"}


def routed(*routes: Route, of_ends: bool = True) -> Settings:
    root = Route(receiver="ops", routes=routes, group_by=("team",), group_interval=Seconds(1))
    return settings(
        receivers={"ops": Receiver(name="ops", notify=(Leg(by=("room",), send_resolved=of_ends),))}, route=root
    )


def own(matcher: str, **more: bool) -> Route:
    return Route(receiver="ops", matchers=parse(matcher), **more)


def test_what_comes_again_in_the_group_that_had_handed_it_over_is_told(store: SqliteStore) -> None:
    story = Hushed(store, routed())
    story.fires("a", labels=DB)
    story.to(10).reload(routed(own('team="db"')))
    story.to(20).ends("a")
    story.to(30).reload(routed())
    story.to(40).fires("a", labels=DB)
    assert story.to(50).said() == [
        Said(0, "ops", Reason.FIRST, ("a",), ()),
        Said(20, "ops", Reason.ALL_RESOLVED, (), ("a",)),
        Said(40, "ops", Reason.FIRST, ("a",), ()),
    ]


def test_a_group_that_has_handed_over_all_it_had_is_forgotten_one_day(store: SqliteStore) -> None:
    story = Hushed(store, routed())
    story.fires("a", labels=DB)
    story.to(10).reload(routed(own('team="db"')))
    story.to(20)
    assert store.write(lambda tx: groups.forget(tx, story.now)) == 1


def test_an_alarm_stays_in_its_group_when_another_route_to_the_receiver_is_added(store: SqliteStore) -> None:
    story = Hushed(store, routed(own('team="db"')))
    story.fires("a", labels=DB)
    story.to(10).reload(routed(own('team="db"', continue_=True), own('team=~"d.*"')))
    here = store.read(lambda tx: groups.of_alert(tx, 1))
    assert [group.node for group in here] == ['{}/{team="db"}', '{}/{team=~"d.*"}']


def test_legs_that_did_not_hear_of_an_end_are_told_the_next_beginning(store: SqliteStore) -> None:
    story = Hushed(store, routed())
    story.fires("a", "b")
    story.to(10).reload(routed(of_ends=False))
    story.ends("a")
    story.to(20).reload(routed())
    story.to(30).fires("a")
    assert story.to(40).said()[-1] == Said(30, "ops", Reason.NEW_MEMBER, ("a", "b"), ())
