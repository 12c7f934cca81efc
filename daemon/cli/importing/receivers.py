"""Receivers: webhooks become channels; of the other kinds it is said that tocsin has none."""

from dataclasses import dataclass, field

from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.names import Names
from daemon.cli.importing.part import Part
from daemon.cli.importing.webhooks import Webhooks
from daemon.config.findings import quoted
from daemon.config.yamltext import Value

WEBHOOKS = "webhook_configs"
BODY = "webhooks are posted in tocsin's own form (docs/channels/webhook.md), which their servers must understand"
# The kinds for which there is no channel: what people call them, and the setting that says where they send to.
KINDS = {
    "discord": ("Discord", ""),
    "email": ("e-mail", "to"),
    "incidentio": ("incident.io", ""),
    "jira": ("Jira", "project"),
    "mattermost": ("Mattermost", "channel"),
    "msteams": ("Microsoft Teams", ""),
    "msteamsv2": ("Microsoft Teams", ""),
    "opsgenie": ("Opsgenie", ""),
    "pagerduty": ("PagerDuty", ""),
    "pushover": ("Pushover", ""),
    "rocketchat": ("Rocket.Chat", "channel"),
    "slack": ("Slack", "channel"),
    "sns": ("Amazon SNS", "topic_arn"),
    "telegram": ("Telegram", "chat_id"),
    "victorops": ("VictorOps", ""),
    "webex": ("Webex", "room_id"),
    "wechat": ("WeChat Work", "to_party"),
}
_CONFIGS = "_configs"


@dataclass(slots=True)
class Receivers:
    """Carries the receivers over: what becomes of them are `channels` and `receivers`."""

    ledger: Ledger
    http_config: Part | None  # the one of `global`, for webhooks that have none of their own
    folder: str  # what relative paths are seen from
    channels: dict[str, Value] = field(default_factory=dict)
    receivers: list[Value] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    _channel_names: Names = field(default_factory=Names)

    def carry(self, parts: list[Part]) -> None:
        """Carry all of them over."""
        tables = [(part, part.table()) for part in parts]
        named = {name: part for part, fields in tables if (name := self._name(part, fields))}
        self.names = Names().all(list(named), "receiver")
        for name, part in named.items():
            if self.names[name] != name:
                part.differs(f"the receiver {quoted(name)} is called {self.names[name]}")
            self._receiver(self.names[name], part)

    def _name(self, part: Part, fields: dict[str, Part]) -> str:
        name = fields["name"].text() if "name" in fields else ""
        if not name:
            part.wrong("has no name")
        elif name in self.names:
            part.wrong(f"the receiver {quoted(name)} stands twice")
        self.names[name] = name
        return name

    def _receiver(self, name: str, part: Part) -> None:
        legs: list[Value] = []
        lost = False
        for key, below in part.table().items():
            if key == WEBHOOKS:
                legs += [leg for one in below.items() if (leg := self._webhook(name, one))]
            elif key.endswith(_CONFIGS):
                for one in below.items():
                    self._of_no_kind(key.removesuffix(_CONFIGS), one)
                    lost = True
            elif key != "name":
                below.left("tocsin does not know this setting")
        if lost and not legs:
            part.left(f"{name} tells nobody now: its alarms are recorded only")
        receiver: dict[str, Value] = {"name": name}
        self.receivers.append(receiver | {"notify": legs} if legs else receiver)

    def _webhook(self, receiver: str, part: Part) -> dict[str, Value] | None:
        name = self._channel_names.take(f"{receiver[:55]}-webhook")
        made = Webhooks(self.ledger, self.http_config, self.folder).channel(name, part)
        if made is None:
            return None
        if not self.channels:
            part.differs(BODY)
        self.channels[name] = made
        leg: dict[str, Value] = {"by": [name]}
        told = part.table().get("send_resolved")
        if told is not None and not told.is_nothing and not told.flag():
            leg["send_resolved"] = False
        return leg

    def _of_no_kind(self, kind: str, part: Part) -> None:
        what, where = KINDS.get(kind, (kind, ""))
        fields = part.table()
        to = f" (to {quoted(fields[where].text())})" if where in fields else ""
        part.left(f"tocsin has no channel for {what}{to}")
