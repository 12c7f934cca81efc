"""What can be configured: one frozen value, the same names as in `etc/tocsin.yml`.

Every field's `doc` is shown in `docs/configuration.md`; a test holds the two together.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from daemon.calendars.interval import TimeInterval
from daemon.config.answers import Acknowledge, Links
from daemon.config.audience import InhibitRule, Person, Receiver, Route
from daemon.config.errors import Errors
from daemon.config.flapping import Flapping
from daemon.config.fleet import ForOthers, Node
from daemon.config.history import History
from daemon.config.keys import doc
from daemon.config.looking import ProbePlan
from daemon.config.proof import Canary, DeadMan
from daemon.config.quota import Quota
from daemon.config.receipts import Receipts
from daemon.config.redislists import RedisList
from daemon.config.retention import Retention
from daemon.config.scrapes import Scrape
from daemon.config.selfchecks import SelfChecks
from daemon.config.sentry import Sentry
from daemon.config.series import Series
from daemon.config.sight import Sight
from daemon.config.silences import Silences
from daemon.config.statsd import Statsd
from daemon.config.statuspage import StatusPage
from daemon.config.syslog import Syslog
from daemon.config.thresholds import Rule
from daemon.config.wording import Templates, Texts
from daemon.declared import Rate
from daemon.notice import Sends
from daemon.oncall.schedule import Schedule
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.template.words import Lang
from daemon.units import Bytes, Seconds

Right = Literal["read", "look", "act", "admin"]


@dataclass(frozen=True, kw_only=True)
class Listen:
    """The doors."""

    http: str = field(default="127.0.0.1:8420", metadata=doc("host:port of the HTTP door"))
    zmq: str = field(default="tcp://127.0.0.1:8421", metadata=doc("ZeroMQ endpoint: tcp://host:port or ipc:///path"))
    statsd: str = field(default="", metadata=doc("host:port on which statsd is taken over UDP; empty for none"))
    statsd_unix: str = field(
        default="", metadata=doc("path of a socket that takes datagrams of statsd; empty for none")
    )
    statsd_stream: str = field(
        default="", metadata=doc("path of a socket that takes statsd in a stream, each packet after its length")
    )
    syslog: str = field(default="", metadata=doc("host:port on which syslog is taken over UDP; empty for none"))
    syslog_unix: str = field(default="", metadata=doc("path of a socket that takes lines of syslog; empty for none"))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one client may ask of the HTTP door."""

    body: Bytes = field(
        default=Bytes(1024**2),
        metadata=doc("largest body, before and after expansion", least=1_024, most=256 * 1024**2),
    )
    header: Bytes = field(
        default=Bytes(16 * 1024), metadata=doc("largest request line and headers together", least=1_024, most=1024**2)
    )
    events: int = field(default=5_000, metadata=doc("most events that one body may make", least=1, most=100_000))
    concurrent: int = field(
        default=256, metadata=doc("requests worked on at once; beyond it 503", least=1, most=100_000)
    )
    connections: int = field(
        default=1_024, metadata=doc("open connections; beyond it they wait unaccepted", least=1, most=100_000)
    )
    read_timeout: Seconds = field(
        default=Seconds(10.0), metadata=doc("longest time to send one whole request", least=0.1, most=3_600)
    )
    idle_timeout: Seconds = field(
        default=Seconds(75.0), metadata=doc("longest pause between two requests", least=0.1, most=86_400)
    )


@dataclass(frozen=True, kw_only=True)
class Log:
    """Where the log goes; without a file it goes to standard error."""

    file: str = field(default="", metadata=doc("path of the log file; empty for standard error"))
    level: Literal["debug", "info", "warning", "error"] = field(default="info", metadata=doc("least level written"))
    format: Literal["text", "json"] = field(default="text", metadata=doc("text for people or json for machines"))
    max_bytes: Bytes = field(
        default=Bytes(50 * 1024**2), metadata=doc("size at which the file is rotated; 0 leaves that to logrotate")
    )
    keep: int = field(default=10, metadata=doc("rotated files kept", least=0, most=1_000))


@dataclass(frozen=True, kw_only=True)
class Token:
    """Who may call `/rpc`, `/metrics`, `/api/v2/` and what they may do."""

    name: str = field(metadata=doc("shown in logs in place of the token"))
    token: Secret = field(metadata=doc("sent as Authorization: Bearer or X-Tocsin-Token"))
    may: tuple[Right, ...] = field(default=("read",), metadata=doc("rights: read, look, act, admin"))


@dataclass(frozen=True, kw_only=True)
class CurveClient:
    """A ZeroMQ client that is let in by its public key."""

    name: str = field(metadata=doc("shown in logs"))
    public: str = field(metadata=doc("its public key, 40 characters of Z85, as `tocsinctl keygen` prints"))
    may: tuple[Right, ...] = field(default=("read",), metadata=doc("rights: read, look, act, admin"))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """CURVE encryption and authentication of the ZeroMQ door; demanded beyond loopback and ipc."""

    secret_key: Secret = field(metadata=doc("the server's secret key, 40 characters of Z85"))
    clients: tuple[CurveClient, ...] = field(default=(), metadata=doc("the clients that are let in"))


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Who may ask: tokens lock the HTTP door, curve the ZeroMQ door; one without its lock is open to this machine."""

    tokens: tuple[Token, ...] = field(default=(), metadata=doc("bearer tokens of the HTTP door, and of no other"))
    curve: Curve | None = field(
        default=None, metadata=doc("keys of the ZeroMQ door; without them whoever reaches it may do everything")
    )
    allow_unauthenticated: bool = field(
        default=False, metadata=doc("open doors beyond loopback although nothing authenticates callers")
    )


@dataclass(frozen=True, kw_only=True)
class Basic:
    """HTTP basic credentials."""

    user: str = field(metadata=doc("user name"))
    password: Secret = field(metadata=doc("password"))


@dataclass(frozen=True, kw_only=True)
class Hmac:
    """A signature over the raw body: hex HMAC, optionally over `<timestamp>:<body>`."""

    secret: Secret = field(metadata=doc("the shared secret"))
    header: str = field(default="", metadata=doc("header that carries it; empty tries the well-known ones"))
    algorithm: Literal["sha256", "sha1", "sha512"] = field(default="sha256", metadata=doc("hash function"))
    timestamp_header: str = field(default="", metadata=doc("header with unix seconds that is signed before the body"))
    tolerance: Seconds = field(
        default=Seconds(300.0), metadata=doc("how old a signed timestamp may be", least=1, most=86_400)
    )


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open webhook: `POST /webhook/<name>`. With several credentials set, any one of them opens it."""

    name: str
    handler: Handler = field(repr=False)
    options: Any = None  # of the handler's own options type
    token: Secret | None = field(
        default=None, metadata=doc("accepted as bearer, X-Tocsin-Token, X-Gitlab-Token, ?token= or basic password")
    )
    basic: Basic | None = field(default=None, metadata=doc("HTTP basic user and password"))
    hmac: Hmac | None = field(
        default=None, metadata=doc("signature over the body; a bare text is its secret", bare="secret")
    )
    allow_unauthenticated: bool = field(
        default=False, metadata=doc("open beyond loopback although it has no credentials")
    )
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels added to every event"))


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A way out: a sender with the courier's settings for it."""

    name: str
    type: str
    sender: Sends
    pool: int = field(default=20, metadata=doc("messages sent at the same time", least=1, most=10_000))
    deadline: Seconds = field(
        default=Seconds(6 * 3600.0), metadata=doc("how long a message is tried before it is a dead letter", least=1)
    )
    fail_over_after: Seconds = field(
        default=Seconds(60.0),
        metadata=doc("how long failures are borne before the next channel in `by:` takes over"),
    )
    delivered_within: Seconds | None = field(
        default=None,
        metadata=doc(
            "a message not on the handset so long after the provider took it takes the next channel in `by:`",
            least=5,
            most=86_400,
        ),
    )
    receipts: Receipts | None = field(default=None, metadata=doc("how tocsin learns that a message is on the handset"))
    canary: Canary | None = field(default=None, metadata=doc("one real message a day, to see that it works"))
    confirmed_within: Seconds | None = field(
        default=None,
        metadata=doc("an alarm when it was not seen to work for so long; 25 h where it has a canary", least=60),
    )
    rates: tuple[Rate, ...] | None = field(
        default=None, metadata=doc("how often it may be used, in place of its provider's own limits; [] lifts them")
    )
    quotas: tuple[Quota, ...] = field(default=(), metadata=doc("how many messages in a day or a month"))
    digest_after: Seconds = field(
        default=Seconds(30.0),
        metadata=doc("what would wait longer than this for a place in `rates` is told in one message", most=86_400),
    )
    lang: Lang | None = field(default=None, metadata=doc("language of its texts for rooms and people who have none"))
    templates: Templates = field(
        default=Templates(), metadata=doc("templates for this channel, before those of all (`templates`)")
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The whole of it."""

    listen: Listen = field(default=Listen(), metadata=doc("the doors"))
    limits: Limits = field(default=Limits(), metadata=doc("what one client may ask of the HTTP door"))
    store: str = field(
        default="sqlite:////var/lib/tocsin/tocsin.db",
        metadata=doc("where everything is kept: sqlite:/// and the path of a file, so four slashes for a full path"),
    )
    log: Log = field(default=Log(), metadata=doc("where the log goes"))
    auth: Auth = field(default=Auth(), metadata=doc("who may ask the daemon"))
    handlers_dir: str = field(
        default="", metadata=doc("folder with handlers of your own, seen from this file; empty for none")
    )
    sources: dict[str, Source] = field(default_factory=dict, metadata=doc("the open webhooks, by name"))
    people: dict[str, Person] = field(default_factory=dict, metadata=doc("who can be told, by name"))
    teams: dict[str, tuple[str, ...]] = field(
        default_factory=dict, metadata=doc("people who are told together, by name")
    )
    schedules: dict[str, Schedule] = field(default_factory=dict, metadata=doc("who is on call when, by name"))
    channels: dict[str, Channel] = field(default_factory=dict, metadata=doc("the ways out, by name"))
    receivers: dict[str, Receiver] = field(
        default_factory=dict, metadata=doc("who hears of what is routed there", listed=True)
    )
    texts: Texts = field(default=Texts(), metadata=doc("the language and the time zone of what people read"))
    templates: Templates = field(default=Templates(), metadata=doc("templates in place of the built-in texts"))
    route: Route = field(default=Route(), metadata=doc("which alarm goes to which receiver; the root takes the rest"))
    time_intervals: dict[str, TimeInterval] = field(
        default_factory=dict,
        metadata=doc(
            "hours and days that routes name; also written `mute_time_intervals`, as it once was", listed=True
        ),
    )
    flapping: Flapping = field(default=Flapping(), metadata=doc("when alarms come and go"))
    resolve_timeout: Seconds = field(
        default=Seconds(300.0),
        metadata=doc(
            "until an alarm that came over Alertmanager's API without an end is over, unless it is heard of again",
            least=1,
        ),
    )
    inhibit_rules: tuple[InhibitRule, ...] = field(default=(), metadata=doc("alarms not told while others fire"))
    acknowledge: Acknowledge = field(default=Acknowledge(), metadata=doc("for how long somebody may take an alarm on"))
    links: Links | None = field(default=None, metadata=doc("signed links that acknowledge"))
    silences: Silences = field(default=Silences(), metadata=doc("silences and maintenance windows"))
    probes: dict[str, ProbePlan] = field(default_factory=dict, metadata=doc("what tocsin itself looks at, by name"))
    sight: Sight = field(default=Sight(), metadata=doc("how tocsin finds out that it is itself cut off"))
    nodes: dict[str, Node] = field(default_factory=dict, metadata=doc("other tocsins that look for this one, by name"))
    for_others: ForOthers = field(
        default=ForOthers(), metadata=doc("what other tocsins may have this one look at; they need the right `look`")
    )
    dead_man: tuple[DeadMan, ...] = field(default=(), metadata=doc("signs of life to somebody outside"))
    history: History = field(default=History(), metadata=doc("how long is kept what probes saw"))
    status_page: StatusPage | None = field(
        default=None, metadata=doc("a page and badges that show how everything is; none without this section")
    )
    retention: Retention = field(default=Retention(), metadata=doc("how long what is over is kept"))
    series: Series = field(default=Series(), metadata=doc("how many series of numbers there may be, and for how long"))
    self_checks: SelfChecks = field(default=SelfChecks(), metadata=doc("when tocsin raises alarms about itself"))
    rules: dict[str, Rule] = field(default_factory=dict, metadata=doc("when numbers are an alarm", listed=True))
    redis_lists: tuple[RedisList, ...] = field(default=(), metadata=doc("lists that applications push views to"))
    scrapes: dict[str, Scrape] = field(default_factory=dict, metadata=doc("exporters' pages to read", listed=True))
    statsd: Statsd = field(default=Statsd(), metadata=doc("how what comes over statsd is understood"))
    errors: Errors = field(default=Errors(), metadata=doc("errors that applications report"))
    syslog: Syslog = field(default=Syslog(), metadata=doc("what is done with lines that come over syslog"))
    sentry: Sentry = field(default=Sentry(), metadata=doc("applications that report over the Sentry SDK"))
