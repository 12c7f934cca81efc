"""What a look wants of a Kafka cluster, and as whom it comes."""

import msgspec

from daemon.secret import Secret

Place = tuple[str, int]  # topic, partition
Address = tuple[str, int]  # host, port


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """How brokers are spoken to."""

    is_tls: bool = False
    ca_file: str = ""
    mechanism: str = ""  # of SASL; empty for none
    user: str = ""
    password: Secret = Secret("")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be seen."""

    bootstrap: tuple[Address, ...]
    account: Account
    groups: tuple[str, ...]  # empty for all that the brokers list
    topics: tuple[str, ...]  # empty for all that a group has commits in
    lingering: dict[str, set[str]]  # the topics of which an earlier look knows something, by group
    count_unread: bool
