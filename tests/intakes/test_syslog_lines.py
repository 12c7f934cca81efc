"""Lines of syslog as programs, daemons and boxes really send them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.intakes.syslog.grammar import FACILITIES, LONGEST, Line, read

# line -> facility.level, host, app, pid, text; as they come over UDP
SENT = {
    # RFC 3164 and what follows it
    b"<34>Oct 11 22:14:15 mail-1 su: 'su root' failed for lin on /dev/pts/8": (
        "auth", 2, "mail-1", "su", "", "'su root' failed for lin on /dev/pts/8"),
    b"<13>Nov  1 02:04:05 db-1 postgres[812]: FATAL:  sorry, too many clients": (
        "user", 5, "db-1", "postgres", "812", "FATAL:  sorry, too many clients"),
    b"<22>Nov 21 22:00:00 mx postfix/smtpd[99]: warning: hostname x": (
        "mail", 6, "mx", "postfix/smtpd", "99", "warning: hostname x"),
    b"<6>Nov 21 22:00:00 web-2 kernel: [12345.678] sda: I/O error": (
        "kern", 6, "web-2", "kernel", "", "[12345.678] sda: I/O error"),
    b"<78>Nov 21 22:00:01 web-2 CRON[811]: (root) CMD (true)": ("cron", 6, "web-2", "CRON", "811", "(root) CMD (true)"),
    b"<38>Nov 21 22:00:01 10.0.0.7 sshd[1]: Accepted publickey": (
        "auth", 6, "10.0.0.7", "sshd", "1", "Accepted publickey"),
    b"<38>Nov 21 22:00:01 fe80::1 sshd[1]: hello": ("auth", 6, "fe80::1", "sshd", "1", "hello"),
    b"<38>Nov 21 22:00:01 shop.example.com app(pam_unix)[7]: session opened": (
        "auth", 6, "shop.example.com", "app(pam_unix)", "7", "session opened"),
    # a precise time in place of the old one, as forwarders write it
    b"<134>2026-11-21T22:00:00.123456+01:00 shop-1 nginx: upstream timed out": (
        "local0", 6, "shop-1", "nginx", "", "upstream timed out"),
    b"<30>2026-11-21T22:00:00Z box 8dfafdbc3a40[1234]: in a container": (
        "daemon", 6, "box", "8dfafdbc3a40", "1234", "in a container"),
    b"<166>2026-11-21T22:00:00.123Z esx1 Hostd: info hostd[2099] disk lost": (
        "local4", 6, "esx1", "Hostd", "", "info hostd[2099] disk lost"),
    # nothing but a tag, or not even that: the library's own handler, small devices
    b"<14>hello": ("user", 6, "", "", "", "hello"),
    b"<14>shop: hello\x00": ("user", 6, "", "shop", "", "hello"),
    b"<14>shop[7]: hello\n": ("user", 6, "", "shop", "7", "hello"),
    b"<14>shop[]: hello": ("user", 6, "", "shop", "", "hello"),
    b"<30>system,info,account user admin logged in from 10.0.0.9": (
        "daemon", 6, "", "", "", "system,info,account user admin logged in from 10.0.0.9"),
    b"<14>see http://example.com/ for more": ("user", 6, "", "", "", "see http://example.com/ for more"),
    b"<13>Nov 21 22:00:00 ap-3 rebooted without a reason": ("user", 5, "ap-3", "", "", "rebooted without a reason"),
    b"<13>Nov 21 22:00:00 aix last message repeated 3 times": (
        "user", 5, "aix", "", "", "last message repeated 3 times"),
    b"<13>Nov 21 22:00:00 Message forwarded from aix-1: su: bad su": ("user", 5, "aix-1", "su", "", "bad su"),
    # routers and firewalls: a number, a star, milliseconds, a zone, a year
    b"<189>123: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console": (
        "local7", 5, "", "%SYS-5-CONFIG_I", "", "Configured from console"),
    b"<187>4711: .Nov 21 22:00:00.001 UTC: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down": (
        "local7", 3, "", "%LINK-3-UPDOWN", "", "Interface Gi0/1, changed state to down"),
    b"<189>2026 Nov 21 22:00:00 UTC: %ETHPORT-5-IF_DOWN: Ethernet1/1 is down": (
        "local7", 5, "", "%ETHPORT-5-IF_DOWN", "", "Ethernet1/1 is down"),
    b"<166>Nov 21 2026 22:00:00 fw-1 : %ASA-6-302013: Built outbound TCP connection": (
        "local4", 6, "fw-1", "%ASA-6-302013", "", "Built outbound TCP connection"),
    b"<188>Nov 21 2026 22:00:00 fw-1: %ASA-4-106023: Deny tcp src": (
        "local7", 4, "fw-1", "%ASA-4-106023", "", "Deny tcp src"),
    b'<30>Nov 21 22:00:00 ("U7PG2,788a20,v4.3.28") hostapd: ath0: STA joined': (
        "daemon", 6, "", "", "", '("U7PG2,788a20,v4.3.28") hostapd: ath0: STA joined'),
    # without, or with an impossible, priority
    b"Nov 21 22:00:00 db-1 su: hello": ("user", 5, "db-1", "su", "", "hello"),
    b"hello": ("user", 5, "", "", "", "hello"),
    b"<191>x": ("local7", 7, "", "", "", "x"),
    b"<192>x": ("user", 5, "", "", "", "<192>x"),
    b"<>x": ("user", 5, "", "", "", "<>x"),
    b"<13 x": ("user", 5, "", "", "", "<13 x"),
    b"<0013>x": ("user", 5, "", "", "", "<0013>x"),
    b"<-1>x": ("user", 5, "", "", "", "<-1>x"),
    b"<013>x": ("user", 5, "", "", "", "x"),
    # RFC 5424
    b"<165>1 2026-11-21T22:00:00.003Z db-1 postgres 812 ID47 - \xef\xbb\xbfToo many": (
        "local4", 5, "db-1", "postgres", "812", "Too many"),
    b"<165>1 - - - - - -": ("local4", 5, "", "", "", ""),
    b"<165>1 - - - - - - text": ("local4", 5, "", "", "", "text"),
    b'<14>1 2026-11-21T22:00:00+08:00 shop-1 shop - - [a@1 x="1"][b y="2"] text [c]': (
        "user", 6, "shop-1", "shop", "", "text [c]"),
    b"<14>1 2026-11-21T22:00:00Z h a p m [broken x=1] text": ("user", 6, "h", "a", "p", "[broken x=1] text"),
    b"<14>1 not enough": ("user", 6, "", "", "", "1 not enough"),
    # what is in it besides
    "<14>shop: 磁盘已满 🚨".encode(): ("user", 6, "", "shop", "", "磁盘已满 🚨"),
    "\ufeff<14>shop: marked".encode(): ("user", 6, "", "shop", "", "marked"),
    b"<14>shop: caf\xe9 \xff": ("user", 6, "", "shop", "", "caf\ufffd \ufffd"),
    b"<14>shop: a\x1b[31mred\x07": ("user", 6, "", "shop", "", "a [31mred"),
    b"<14>shop: one\ntwo\ttabs\r\n": ("user", 6, "", "shop", "", "one two tabs"),
}  # fmt: skip

# over the file system, where the library of C writes no host
LOCAL = {
    b"<30>Nov 21 22:00:00 shop[1]: hello": ("daemon", 6, "", "shop", "1", "hello"),
    b"<13>Nov 21 22:00:00 something happened here": ("user", 5, "", "", "", "something happened here"),
    b"<13>Nov 21 22:00:00 db-1 su: forwarded": ("user", 5, "db-1", "su", "", "forwarded"),
    b"<13>Nov 21 22:00:00 root: by hand": ("user", 5, "", "root", "", "by hand"),
}


@pytest.mark.parametrize("raw", SENT, ids=str)
def test_a_line_is_told_apart(raw: bytes) -> None:
    line = read(raw)
    assert line is not None
    assert tuple(line)[:6] == SENT[raw]


@pytest.mark.parametrize("raw", LOCAL, ids=str)
def test_a_line_of_this_machine(raw: bytes) -> None:
    line = read(raw, is_local=True)
    assert line is not None
    assert tuple(line)[:6] == LOCAL[raw]


@pytest.mark.parametrize("raw", [b"", b"\n", b"\0\0", b"<13>", b"<13> \r\n\0", "\ufeff".encode()])
def test_where_there_is_nothing_there_is_no_line(raw: bytes) -> None:
    assert read(raw) is None


def test_structured_data() -> None:
    line = read(
        rb'<165>1 2026-11-21T22:00:00Z h a - - [meta@1 seq="7" say="a \"b\" \] \\ c"][empty][o x=""]'
        rb" [not data] text"
    )
    assert line is not None
    assert line.data == {"meta@1.seq": "7", "meta@1.say": 'a "b" ] \\ c', "o.x": ""}
    assert line.message == "[not data] text"
    many = read(b"<165>1 - - - - - [m " + b" ".join(b'k%d="v"' % number for number in range(500)) + b"] text")
    assert many is not None
    assert (len(many.data), many.message) == (64, "text")


def test_a_line_has_an_end() -> None:
    line = read(b"<14>shop: " + b"x" * 100_000)
    assert line is not None
    assert len(line.message) == LONGEST - len("<14>shop: ")
    for greedy in (b"<14>1 - - - - - [" + b'a="\\"' * 20_000, b"<14>" + b"[" * 60_000, b"<14>" + b"1 " * 30_000):
        assert read(greedy) is not None


PIECES = st.sampled_from(
    [b"<13>", b"<", b">", b"1 ", b"- ", b"[", b"]", b'"', b"\\", b"=", b":", b" ", b"Nov 21 22:00:00 ", b"a", b"\xff",
     b"2026-11-21T22:00:00Z ", b"host ", b"app[1]: ", b"*", b"\0", b"\n", "é".encode(), b"%SYS-5-X: "]
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join), st.booleans())
@example(raw=b'<13>1 - - - - - [a b="', is_local=False)
def test_whatever_comes_is_a_line_or_nothing(raw: bytes, is_local: bool) -> None:
    line = read(raw, is_local=is_local)
    if line is not None:
        assert isinstance(line, Line)
        assert line.facility in FACILITIES
        assert 0 <= line.level <= 7
        assert line.message.isprintable() or "\ufffd" in line.message or not line.message.isascii()
        assert len(line.app) <= 64
        assert len(line.host) <= 255
