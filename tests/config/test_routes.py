"""Every route leads to a receiver, every leg to somebody; an Alertmanager's tree is taken as it is."""

from collections.abc import Callable

from daemon.config.load import Loaded
from daemon.matcher import Matcher

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


def test_a_route_tree_of_alertmanager_pastes_in_unchanged(load_text: Load) -> None:
    text = """\
channels: {hall: {type: room}}
receivers:
  - name: 'default-receiver'
    notify: [{by: [hall]}]
  - name: 'database-pager'
    notify: [{by: [hall]}]
  - name: 'team-X-mails'
    notify: [{by: [hall]}]
route:
  group_by: ['alertname', 'cluster']
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  receiver: 'default-receiver'
  routes:
  - receiver: 'database-pager'
    group_wait: 10s
    matchers:
    - service=~"mysql|cassandra"
    - '{team="x", env!="dev"}'
    continue: true
    mute_time_intervals: [holidays]
  - match: {severity: critical}
    match_re: {service: ^(foo1|foo2|baz)$}
    receiver: team-X-mails
time_intervals:
- name: holidays
  time_intervals: [{months: [december], days_of_month: ['24:26']}]
"""
    loaded = load_text(text)
    database, old = loaded.settings.route.routes
    assert database.matchers == (
        Matcher("service", "=~", "mysql|cassandra"),
        Matcher("team", "=", "x"),
        Matcher("env", "!=", "dev"),
    )
    assert database.continue_
    assert old.matchers == (Matcher("severity", "=", "critical"), Matcher("service", "=~", "^(foo1|foo2|baz)$"))
    root = loaded.settings.route
    assert (root.group_by, root.group_wait, root.group_interval) == (("alertname", "cluster"), 30.0, 300.0)
    assert (root.repeat_interval, database.group_wait, old.group_wait) == (14_400.0, 10.0, None)
    assert database.mute_time_intervals == ("holidays",)
    assert loaded.warnings == []


def test_how_alarms_are_grouped_is_checked(problems_of: Problems) -> None:
    text = """\
receivers: [{name: ops}]
route:
  receiver: ops
  group_by: [alertname, '...']
  routes:
    - {group_by: [a, b, a], matchers: [x=y]}
    - {repeat_interval: 0s, matchers: [x=y]}
"""
    assert problems_of(text) == [
        "tocsin.yml:4: route.group_by: '...' stands for all labels, so nothing else may stand beside it",
        'tocsin.yml:6: route.routes[0].group_by: "a" stands twice',
        'tocsin.yml:7: route.routes[1].repeat_interval: "0s" is too small; at least 1s',
    ]


def test_routes_that_lead_nowhere_are_problems(problems_of: Problems) -> None:
    text = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}, {name: ops}]
route:
  matchers: [a=b]
  continue: true
  routes:
    - match_re: {a: '('}
      routes: [{receiver: none}]
"""
    assert problems_of(text) == [
        "tocsin.yml:2: receivers.ops: stands twice; first at tocsin.yml:2",
        "tocsin.yml:3: route.receiver: is missing; name the receiver of what no other route takes",
        "tocsin.yml:4: route.matchers: the root route takes every alarm: move its matchers to a route below it",
        "tocsin.yml:5: route.continue: the root route has no sibling to go on with; remove it",
        "tocsin.yml:7: route.routes[0].match_re.a: '(' is not an RE2 pattern: missing ): (",
        'tocsin.yml:8: route.routes[0].routes[0].receiver: there is no receiver "none"',
    ]


def test_a_file_without_a_route_says_what_is_missing(problems_of: Problems) -> None:
    assert problems_of("listen: {}\n") == [
        "tocsin.yml:1: route.receiver: is missing; name the receiver of what no other route takes"
    ]


def test_a_leg_reaches_everybody_it_names(problems_of: Problems) -> None:
    text = """\
channels: {hall: {type: room}, sms: {type: sms, key: "${K}"}}
people: {lin: {}, wang: {phone: "13800000001"}}
receivers:
  - name: ops
    notify:
      - {by: [sms]}
      - {by: [sms, hall], to: [lin, wang]}
      - {by: [hall], to: [lin]}
      - {by: []}
      - {by: [hall, hall]}
route: {receiver: ops}
"""
    assert problems_of(text, K="kkkkkk") == [
        (
            "tocsin.yml:6: receivers.ops.notify[0].to: names nobody, but sms sends to a person's phone; "
            "write to: [somebody]"
        ),
        "tocsin.yml:7: receivers.ops.notify[1].to: lin has no phone, which sms needs; add people.lin.phone",
        "tocsin.yml:9: receivers.ops.notify[3].by: names no channel",
        'tocsin.yml:10: receivers.ops.notify[4].by: "hall" stands twice',
    ]


def test_what_is_never_used_is_pointed_out(load_text: Load) -> None:
    text = """\
channels: {hall: {type: room}, attic: {type: room}}
people: {lin: {}}
receivers: [{name: ops, notify: [{by: [hall]}]}, {name: night}, {name: quiet}]
route: {receiver: ops, routes: [{receiver: quiet}]}
store: sqlite:///tocsin.db
"""
    assert load_text(text).warnings == [
        "tocsin.yml:1: channels.attic: no receiver uses it",
        "tocsin.yml:2: people.lin: no receiver uses it",
        "tocsin.yml:3: receivers.night: no route uses it",
        "tocsin.yml:3: receivers.quiet: quiet tells nobody: its alarms are recorded only; give it `notify:`",
        "tocsin.yml:5: store: stands below the folder where tocsind is started; sqlite://// begins a full path",
    ]
