"""Slack, Telegram, PagerDuty, programs and Apprise as they are written in the configuration."""

from collections.abc import Callable

import daemon.senders
from daemon.config.load import Loaded
from daemon.registry import Catalog, kinds_in

REAL = Catalog(senders=kinds_in(daemon.senders))
RIGHT = """
people: {lin: {telegram: "42"}}
channels:
  slack: {type: slack, url: "${URL}", mention: [here, U024BE7LH], mention_from: error}
  group: {type: telegram, token: "${TOKEN}", chat_id: "-1001", message_thread_id: 7}
  mine: {type: telegram_person, token: "${TOKEN}"}
  pager: {type: pagerduty, routing_key: "${KEY}", endpoint: https://events.eu.pagerduty.com}
  siren: {type: command, argv: [/bin/echo, -n, a b], env: {KEY: "${KEY}"}, wait_on: [3], wait_for: 5m}
  ntfy: {type: apprise, url: "${APPRISE}"}
receivers: [{name: ops, notify: [{by: [slack, group, pager, siren, ntfy]}, {to: [lin], by: [mine]}]}]
route: {receiver: ops}
"""
WRONG = """
channels:
  slack: {type: slack, url: "${URL}",
    mention: [here, lin],
    mention_from: fatal}
  group: {type: telegram, token: "${TOKEN}",
    chat_id: ops}
  siren: {type: command,
    argv: [notify]}
  ntfy: {type: apprise,
    url: "${URL}"}
receivers: [{name: ops, notify: [{by: [slack, group, siren, ntfy]}]}]
route: {receiver: ops}
"""
GIVEN = {
    "URL": "https://hooks.slack.com/services/T0/B0/abcdefgh",
    "TOKEN": "123456:abcdefghij",
    "KEY": "0123456789abcdef",
    "APPRISE": "json://localhost/abcdefgh",
}


def test_all_of_them_can_be_written_down(load_text: Callable[..., Loaded]) -> None:
    channels = load_text(RIGHT, catalog=REAL, **GIVEN).settings.channels
    assert channels["slack"].sender.mention == ("here", "U024BE7LH")
    assert channels["group"].sender.chat_id == "-1001"
    assert channels["siren"].sender.argv == ("/bin/echo", "-n", "a b")
    assert channels["siren"].sender.wait_for == 300.0
    assert channels["ntfy"].sender.target() == "apprise json://"


def test_what_is_wrong_with_them_is_told_with_its_line(problems_of: Callable[..., list[str]]) -> None:
    given = {**GIVEN, "URL": "nosuch://abcdefgh"}
    problems = problems_of(WRONG, catalog=REAL, **given)
    told = "\n".join(problems)
    for wanted in (
        "tocsin.yml:3: channels.slack.url: is not a URL",
        "tocsin.yml:4: channels.slack.mention[1]: 'lin' is nobody",
        "tocsin.yml:5: channels.slack.mention_from:",
        "tocsin.yml:7: channels.group.chat_id: 'ops' is no chat",
        "channels.siren: argv: 'notify' is no full path",
        "tocsin.yml:11: channels.ntfy.url: is none that Apprise knows",
    ):
        assert wanted in told
    assert "abcdefgh" not in told
