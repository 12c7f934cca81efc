"""Alertmanager's `slack_configs`, `pagerduty_configs` and `telegram_configs` as channels of tocsin's own kinds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from daemon.cli.importing.files import left_in
from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.part import Part
from daemon.cli.importing.webhooks import Channel
from daemon.config.findings import quoted
from daemon.config.yamltext import Value
from daemon.telegram import CHAT, TOKEN
from daemon.urls import split

GLOBAL = frozenset(("slack_api_url", "slack_api_url_file", "pagerduty_url", "telegram_api_url"))
_ENQUEUE = "/v2/enqueue"
_USUAL = {"pagerduty": "https://events.pagerduty.com", "telegram": "https://api.telegram.org"}
_READ = frozenset(("send_resolved", "http_config"))  # by who asks for the channel, or said of every kind

Fields = Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Messengers:
    """Makes channels. Secrets are put into the environment, or stay in the files that they are in."""

    ledger: Ledger
    general: Fields  # the settings of `global`
    folder: str

    def channel(self, kind: str, name: str, part: Part) -> Channel | None:
        """Make the channel `name` of a kind in KINDS; None where tocsin cannot have it, which is noted."""
        fields = part.table()
        made = KINDS[kind].make(self, name, part, fields)
        if made is None:
            return None
        for key in fields.keys() - KINDS[kind].read - _READ:
            fields[key].left(f"tocsin's kind {kind} has no such setting")
        if "http_config" in fields:
            fields["http_config"].left(f"tocsin's kind {kind} has no such setting")
        elif "http_config" in self.general:
            part.left(f"http_config of global is not carried over: tocsin's kind {kind} has no such setting")
        return {"type": kind, **made}

    def slack(self, name: str, part: Part, fields: Fields) -> Channel | None:
        """An incoming webhook, which belongs to one channel of Slack's."""
        if "app_token" in fields or "app_token_file" in fields:
            part.left("tocsin posts to Slack through incoming webhooks: make one, and name it as url")
            return None
        known = fields if {"api_url", "api_url_file"} & fields.keys() else _without(self.general, "slack_")
        url = self._secret(f"{name}_url", known, "api_url", "the address of Slack's webhook")
        if url is None:
            part.wrong("has no api_url, and global has no slack_api_url")
            return None
        if "api_url" in known:
            _check(known["api_url"])
        if "channel" in fields:
            said = f"{quoted(fields['channel'].text())} is not named to Slack: its webhooks have a channel"
            fields["channel"].differs(said)
        return {"url": url}

    def pagerduty(self, name: str, part: Part, fields: Fields) -> Channel | None:
        """An integration of the Events API v2."""
        key = self._secret(f"{name}_key", fields, "routing_key", "the integration's key")
        if key is None:
            if {"service_key", "service_key_file"} & fields.keys():
                part.left("tocsin speaks Events API v2: give the service such an integration")
            else:
                part.wrong("has no routing_key")
            return None
        url = fields.get("url", self.general.get("pagerduty_url"))
        return {"routing_key": key, **_endpoint("pagerduty", url, _ENQUEUE)}

    def telegram(self, name: str, part: Part, fields: Fields) -> Channel | None:
        """A bot, and the chat that it writes into."""
        token = self._secret(f"{name}_token", fields, "bot_token", "the bot's token")
        chat = fields["chat_id"].text() if "chat_id" in fields else ""
        if token is None or not chat:
            part.wrong("must have a bot_token and a chat_id")
            return None
        if "bot_token" in fields and not TOKEN.fullmatch(fields["bot_token"].text()):
            fields["bot_token"].wrong("is no bot's token: copy it from @BotFather")
            return None
        if not CHAT.fullmatch(chat):
            fields["chat_id"].wrong("is no chat: its number, or @name where it is public")
            return None
        made: Channel = {"token": token, "chat_id": chat}
        if "message_thread_id" in fields and fields["message_thread_id"].text() != "0":
            made["message_thread_id"] = fields["message_thread_id"].text()
        return made | _endpoint("telegram", fields.get("api_url", self.general.get("telegram_api_url")), "")

    def _secret(self, name: str, fields: Fields, key: str, about: str) -> Value | None:
        """What stands for the secret `key`, or for the one in the file `key_file`; None where there is neither."""
        if key in fields:
            return self.ledger.secret(name, fields[key].place, about, fields[key].text())
        return left_in(fields[f"{key}_file"], self.folder) if f"{key}_file" in fields else None


class Kind(NamedTuple):
    """One kind: the settings that are read, how its channel is made, and whether Alertmanager tells ends by default."""

    read: frozenset[str]
    make: Callable[[Messengers, str, Part, Fields], Channel | None]
    tells_ends: bool


KINDS: dict[str, Kind] = {
    "pagerduty": Kind(frozenset(("routing_key", "routing_key_file", "url")), Messengers.pagerduty, tells_ends=True),
    "slack": Kind(frozenset(("api_url", "api_url_file", "channel")), Messengers.slack, tells_ends=False),
    "telegram": Kind(
        frozenset(("bot_token", "bot_token_file", "chat_id", "message_thread_id", "api_url")),
        Messengers.telegram,
        tells_ends=True,
    ),
}


def _without(fields: Fields, begin: str) -> Fields:
    return {key.removeprefix(begin): one for key, one in fields.items() if key.startswith(begin)}


def _endpoint(kind: str, url: Part | None, path: str) -> Channel:
    """The setting `endpoint`, where it is not the usual one."""
    if url is None or not _check(url):
        return {}
    text = url.text().rstrip("/")
    if not text.endswith(path):
        url.left(f"tocsin's kind {kind} asks for {path} of a server, and this is another path")
        return {}
    endpoint = text.removesuffix(path)
    return {} if endpoint == _USUAL[kind] else {"endpoint": endpoint}


def _check(url: Part) -> bool:
    try:
        split(url.text())
    except ValueError:
        url.wrong("is not an http:// or https:// address")
        return False
    return True
