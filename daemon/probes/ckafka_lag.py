"""Do the consumers of this group of a Tencent CKafka instance keep up, as its API tells?"""

import functools
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.clock import SystemClock
from daemon.probes.base import Health, probe
from daemon.probes.fetch.hop import Way, proxy_place
from daemon.probes.fetch.place import Place, place
from daemon.probes.lags.ckafka_api import ENDPOINTS, Account, Api, Ckafka, Page
from daemon.probes.lags.lag import MOST_PARTITIONS, Marks, Offsets
from daemon.probes.lags.look import Lagging
from daemon.probes.lags.told import GIVES, Sight, name
from daemon.probes.network.dial import Watch
from daemon.probes.network.trust import Trust
from daemon.secret import Secret

MOST_PAGES = 500


def _check_endpoint(url: str) -> None:
    _endpoint(url)


@probe("ckafka_lag")
@dataclass(frozen=True, kw_only=True)
class CkafkaLag(Lagging):
    """Ask the cloud's API where the brokers themselves cannot be reached, or take no visitors.

    The API is not what is looked at: where it refuses or fails, nothing is known of the group.
    """

    PHASES: ClassVar = ("resolve", "connect", "tls", "first_byte", "download")
    GIVES: ClassVar = GIVES
    UNSEEN: ClassVar = Health.UNKNOWN

    instance: str = field(metadata={"doc": "the instance, `ckafka-…`"})
    group: str = field(metadata={"doc": "the consumer group"})
    topics: tuple[str, ...] = field(
        default=(), metadata={"doc": "topics; without any, those that the group has committed something in"}
    )
    region: str = field(metadata={"doc": "the instance's region: `ap-guangzhou` for v3, the short form `gz` for v2"})
    secret_id: Secret = field(metadata={"doc": "SecretId of an account that may read CKafka"})
    secret_key: Secret = field(metadata={"doc": "its SecretKey"})
    api: Api = field(default="v3", metadata={"doc": "API 3.0, or the old one, which Tencent no longer shows"})
    endpoint: str = field(
        default="",
        metadata={"doc": "another address of the API than its public one, without a path", "check": _check_endpoint},
    )
    proxy: Secret | None = field(
        default=None, metadata={"doc": "way out: `http://[user:password@]host:port`", "check": proxy_place}
    )

    def __post_init__(self) -> None:
        """Refuse what could never be asked."""
        for what in ("instance", "group", "region"):
            text = getattr(self, what)
            if not text.strip() or not text.isprintable():
                raise ValueError(f"{what} {text!r} is empty, or holds what nobody can print")
        if not all((self.secret_id, self.secret_key)):
            raise ValueError("secret_id or secret_key is empty")
        try:
            _ = self._place
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None
        try:
            _ = self._way
        except ValueError as error:
            raise ValueError(f"proxy {error}") from None

    def target(self) -> str:
        """Instance and group."""
        return f"{self.instance}, {self.group}"

    def see(self, marks: Marks, watch: Watch) -> Sight:
        """Ask the API, page by page."""
        del marks
        account = Account(
            secret_id=self.secret_id,
            secret_key=self.secret_key,
            region=self.region,
            instance=self.instance,
            group=self.group,
            topics=self.topics,
        )
        api = Ckafka(self.api, self._place, self._way, account, SystemClock())
        sight, seen, offset = Sight(), dict[tuple[str, int], Offsets](), 0
        for _ in range(MOST_PAGES):
            page = api.page(offset, watch)
            before = len(seen) + sight.unseen
            self._take(page, seen, sight)
            offset += len(page.topiclist or ())
            is_all = offset >= page.totalcount
            if is_all or len(seen) > MOST_PARTITIONS or len(seen) + sight.unseen == before:
                break
        if not is_all:
            sight.reasons.append(f"the API showed {offset} topics of {page.totalcount}")
        if not seen and not sight.reasons:
            sight.reasons.append(f"group {name(self.group)} has committed nothing")
        sight.offsets = sight.room(list(seen.values()), key=lambda one: one.key)
        return sight

    def _take(self, page: Page, seen: dict[tuple[str, int], Offsets], sight: Sight) -> None:
        """Add what a page tells. What the API computes of it, the lag, is not taken: it may be negative."""
        for topic in page.topiclist or ():
            for one in topic.partitions or ():
                if error := one.errcode or one.errorcode:
                    sight.unseen += 1
                    sight.reasons.append(f"{name(topic.topic)} {one.partition}: error {error}")
                elif one.logendoffset < 0:
                    sight.unseen += 1
                    sight.reasons.append(f"{name(topic.topic)} {one.partition}: nobody knows its end")
                else:
                    commit = one.offset if one.offset >= 0 else None
                    seen[topic.topic, one.partition] = Offsets(
                        self.group, topic.topic, one.partition, commit, one.logendoffset
                    )

    @functools.cached_property
    def _place(self) -> Place:
        return _endpoint(self.endpoint or ENDPOINTS[self.api])

    @functools.cached_property
    def _way(self) -> Way:
        return Way(trust=Trust(), proxy=proxy_place(self.proxy) if self.proxy is not None else None)


def _endpoint(url: str) -> Place:
    found = place(url)
    if found.path != "/" or found.user is not None:
        raise ValueError(
            "has more in it than a scheme and a host: write for example https://ckafka.tencentcloudapi.com"
        )
    return found
