"""The settings as the pipeline uses them: compiled once, when a configuration comes into force."""

import functools
import hashlib

from daemon.alerting import depends, inhibit, route
from daemon.alerting.route import Node
from daemon.alerting.silence import Book
from daemon.config.settings import Settings


class Rules:
    """One configuration's decisions. Nothing of it changes, but for the silences that it remembers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = route.compiled(settings.route)
        self.inhibition = inhibit.compiled(settings.inhibit_rules, list(depends.inhibitions(settings.probes)))
        self.silences = Book()
        self._nodes = {(node.key, node.receiver): node for node in reversed(list(route.every(self.root)))}

    def node(self, key: str, receiver: str) -> Node | None:
        """Find a node by what a group remembers of it; None when this configuration has no such."""
        return self._nodes.get((key, receiver))

    @functools.cached_property
    def escalates(self) -> bool:
        """Whether anybody else is told anywhere when nobody acknowledges."""
        return any(node.escalate for node in route.every(self.root)) or any(
            receiver.escalate for receiver in self.settings.receivers.values()
        )

    @functools.cached_property
    def digest(self) -> str:
        """Another word for other routes or inhibitions: what open alerts are gathered by."""
        said = repr([*map(route.told_apart_by, route.every(self.root)), self.inhibition.keys])
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
