"""Alertmanager's receivers of Slack, PagerDuty and Telegram become channels of tocsin's own kinds."""

from pathlib import Path
from typing import Any

import pytest

from daemon import loading
from daemon.cli.importing.alertmanager import convert
from daemon.cli.importing.imported import Imported
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.errors import ConfigError

CATALOG = loading.catalog("")
SLACK = "https://hooks.slack.com/services/T0/B0/canary"


def of(configs: str, general: str = "{}") -> Imported:
    text = f"global: {general}\nroute: {{receiver: ops}}\nreceivers: [{{name: ops, {configs}}}]\n"
    return convert(text, "am.yml", "/etc/alertmanager")


def used(one: Imported, home: Path) -> Settings:
    """What tocsind makes of it, with the secrets in the environment."""
    file = home / "tocsin.yml"
    file.write_text(one.text)
    file.chmod(0o640)
    environ = {name: variable.value for name, variable in one.variables.items() if variable.value is not None}
    return load(file, lambda _: CATALOG, environ).settings


def sender(settings: Settings, channel: str) -> Any:
    return settings.channels[channel].sender


def test_each_becomes_a_channel_with_its_secret_in_the_environment(tmp_path: Path) -> None:
    one = of(
        f"slack_configs: [{{api_url: {SLACK}, channel: '#ops'}}], pagerduty_configs: [{{routing_key: canary-pd}}],"
        "telegram_configs: [{bot_token: '1:canary', chat_id: -1001234, message_thread_id: 7}]"
    )
    assert "canary" not in one.text + repr(one)
    assert one.not_carried == []
    assert one.different == [
        'am.yml:3: receivers[0].slack_configs[0].channel: "#ops" is not named to Slack: its webhooks have a channel'
    ]
    settings = used(one, tmp_path)
    assert sender(settings, "ops-slack").url.reveal() == SLACK
    assert sender(settings, "ops-pagerduty").routing_key.reveal() == "canary-pd"
    telegram = sender(settings, "ops-telegram")
    assert (telegram.token.reveal(), telegram.chat_id, telegram.message_thread_id) == ("1:canary", "-1001234", 7)
    legs = {leg.by: leg.send_resolved for leg in settings.receivers["ops"].notify}
    assert legs == {("ops-slack",): False, ("ops-pagerduty",): True, ("ops-telegram",): True}


def test_what_global_says_holds_for_those_that_do_not_say_it(tmp_path: Path) -> None:
    one = of(
        f"slack_configs: [{{send_resolved: true}}, {{api_url: '{SLACK}2'}}], pagerduty_configs: [{{routing_key: k}}],"
        "telegram_configs: [{bot_token: '1:t', chat_id: 5}]",
        f"{{slack_api_url: '{SLACK}', pagerduty_url: 'https://events.eu.pagerduty.com/v2/enqueue',"
        " telegram_api_url: 'https://bots.example.com'}",
    )
    assert one.not_carried == []
    settings = used(one, tmp_path)
    assert sender(settings, "ops-slack").url.reveal() == SLACK
    assert sender(settings, "ops-slack-2").url.reveal() == f"{SLACK}2"
    assert [leg.send_resolved for leg in settings.receivers["ops"].notify][:2] == [True, False]
    assert sender(settings, "ops-pagerduty").endpoint == "https://events.eu.pagerduty.com"
    assert sender(settings, "ops-telegram").endpoint == "https://bots.example.com"


def test_the_usual_addresses_are_not_written() -> None:
    one = of(
        "pagerduty_configs: [{routing_key: k, url: 'https://events.pagerduty.com/v2/enqueue'}],"
        "telegram_configs: [{bot_token: '1:t', chat_id: 5, api_url: 'https://api.telegram.org'}]"
    )
    assert "endpoint" not in one.text


def test_a_secret_in_a_file_stays_there() -> None:
    one = of(
        "slack_configs: [{api_url_file: slack}], pagerduty_configs: [{routing_key_file: /run/pd}],"
        "telegram_configs: [{bot_token_file: bot, chat_id: 5}]"
    )
    for reference in ("file:/etc/alertmanager/slack", "file:/run/pd", "file:/etc/alertmanager/bot"):
        assert reference in one.text
    assert one.variables == {}
    assert len(one.needed) == 3


@pytest.mark.parametrize(
    ("configs", "general", "said"),
    [
        (f"slack_configs: [{{api_url: {SLACK}, title: x}}]", "{}", ".title: tocsin's kind slack has no such setting"),
        ("pagerduty_configs: [{service_key: canary}]", "{}", "[0]: tocsin speaks Events API v2"),
        (
            "slack_configs: [{app_token: canary, channel: x}]",
            "{}",
            "[0]: tocsin posts to Slack through incoming webhooks",
        ),
        (
            "pagerduty_configs: [{routing_key: k, url: 'https://events.pagerduty.com/generic'}]",
            "{}",
            ".url: tocsin's kind pagerduty asks for /v2/enqueue of a server",
        ),
        (
            "telegram_configs: [{bot_token: '1:t', chat_id: 5}]",
            "{http_config: {proxy_url: 'http://proxy:3128'}}",
            "[0]: http_config of global is not carried over: tocsin's kind telegram has no such setting",
        ),
        (
            "telegram_configs: [{bot_token: '1:t', chat_id: 5, http_config: {follow_redirects: true}}]",
            "{}",
            ".http_config: tocsin's kind telegram has no such setting",
        ),
    ],
)
def test_what_is_left_out_is_said(configs: str, general: str, said: str) -> None:
    one = of(configs, general)
    assert any(said in line for line in one.not_carried), one.not_carried
    assert "canary" not in "".join(one.not_carried)


@pytest.mark.parametrize(
    ("configs", "said"),
    [
        ("slack_configs: [{channel: x}]", "[0]: has no api_url, and global has no slack_api_url"),
        ("slack_configs: [{api_url: 'ftp://canary'}]", ".api_url: is not an http:// or https:// address"),
        ("pagerduty_configs: [{}]", "[0]: has no routing_key"),
        ("telegram_configs: [{bot_token: canary}]", "[0]: must have a bot_token and a chat_id"),
        ("telegram_configs: [{chat_id: 5}]", "[0]: must have a bot_token and a chat_id"),
    ],
)
def test_what_alertmanager_refuses_is_refused(configs: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        of(configs)
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
    assert "canary" not in str(caught.value)
