"""Receivers: their webhooks and messengers become channels; of the other kinds it is said that they are left out."""

from dataclasses import dataclass, field

from daemon.cli.importing.ledger import Ledger
from daemon.cli.importing.messengers import KINDS as MESSENGERS
from daemon.cli.importing.messengers import Messengers
from daemon.cli.importing.names import Names
from daemon.cli.importing.part import Part
from daemon.cli.importing.webhooks import Channel, Webhooks
from daemon.config.findings import quoted
from daemon.config.yamltext import Value

WEBHOOKS = "webhook_configs"
BODY = "webhooks are posted in tocsin's own form (docs/channels/webhook.md), which their servers must understand"
# The kinds that are left out: what people call them, and the setting that says where they send to.
KINDS = {
    "discord": ("Discord", ""),
    "email": ("e-mail", "to"),
    "incidentio": ("incident.io", ""),
    "jira": ("Jira", "project"),
    "mattermost": ("Mattermost", "channel"),
    "msteams": ("Microsoft Teams", ""),
    "msteamsv2": ("Microsoft Teams", ""),
    "opsgenie": ("Opsgenie", ""),
    "pushover": ("Pushover", ""),
    "rocketchat": ("Rocket.Chat", "channel"),
    "sns": ("Amazon SNS", "topic_arn"),
    "victorops": ("VictorOps", ""),
    "webex": ("Webex", "room_id"),
    "wechat": ("WeChat Work", "to_party"),
}
_CONFIGS = "_configs"


@dataclass(slots=True)
class Receivers:
    """Carries the receivers over: what becomes of them are `channels` and `receivers`."""

    ledger: Ledger
    general: dict[str, Part]  # the settings of `global`
    folder: str  # what relative paths are seen from
    channels: dict[str, Channel] = field(default_factory=dict)
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
                told = [self._other(key.removesuffix(_CONFIGS), name, one) for one in below.items()]
                legs += [leg for leg in told if leg]
                lost = lost or None in told
            elif key != "name":
                below.left("tocsin does not know this setting")
        if lost and not legs:
            part.left(f"{name} tells nobody now: its alarms are recorded only")
        receiver: dict[str, Value] = {"name": name}
        self.receivers.append(receiver | {"notify": legs} if legs else receiver)

    def _webhook(self, receiver: str, part: Part) -> dict[str, Value] | None:
        name = self._channel_names.take(f"{receiver[:55]}-webhook")
        made = Webhooks(self.ledger, self.general.get("http_config"), self.folder).channel(name, part)
        if made is None:
            return None
        if not any(one["type"] == made["type"] for one in self.channels.values()):
            part.differs(BODY)
        return self._leg(name, made, part, tells_ends=True)

    def _other(self, kind: str, receiver: str, part: Part) -> dict[str, Value] | None:
        if kind not in MESSENGERS:
            self._left_out(kind, part)
            return None
        name = self._channel_names.take(f"{receiver[:54]}-{kind}")
        made = Messengers(self.ledger, self.general, self.folder).channel(kind, name, part)
        return None if made is None else self._leg(name, made, part, tells_ends=MESSENGERS[kind].tells_ends)

    def _leg(self, name: str, made: Channel, part: Part, *, tells_ends: bool) -> dict[str, Value]:
        self.channels[name] = made
        told = part.table().get("send_resolved")
        if told is not None and not told.is_nothing:
            tells_ends = told.flag()
        return {"by": [name]} if tells_ends else {"by": [name], "send_resolved": False}

    def _left_out(self, kind: str, part: Part) -> None:
        what, where = KINDS.get(kind, (kind, ""))
        fields = part.table()
        to = f" (to {quoted(fields[where].text())})" if where in fields else ""
        part.left(f"{what} is not carried over{to}")
