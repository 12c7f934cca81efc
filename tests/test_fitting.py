"""Texts that have to fit."""

import html
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import fitting
from daemon.fitting import ELLIPSIS, Enveloped, Unit
from daemon.senders import phone

FAMILY = "👩‍👩‍👧"
FLAG = "🇨🇳"
THUMB = "👍🏽"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
KEYCAP = "1\ufe0f\u20e3"
ACCENT = "e\u0301"
SYLLABLE = "\u1112\u1161\u11ab"  # one Hangul syllable, spelt out


@pytest.mark.parametrize("one", [FAMILY, FLAG, THUMB, SCOTLAND, KEYCAP, ACCENT, SYLLABLE])
def test_what_people_see_as_one_is_never_cut(one: str) -> None:
    assert list(fitting.clusters(one * 3)) == [one] * 3
    for limit in range(1, 3 * len(one)):
        kept = fitting.cut(one * 3, limit)
        assert len(kept) <= limit
        assert kept == one * (len(kept) // len(one)) + "…"


def test_two_flags_are_not_three() -> None:
    assert list(fitting.clusters("🇨🇳🇩🇪")) == ["🇨🇳", "🇩🇪"]


def test_a_tower_of_marks_does_not_count_as_one_character_for_ever() -> None:
    assert len(fitting.cut("a" + "\u0301" * 1_000, 35)) <= 35


def test_what_fits_stays_as_it_is() -> None:
    assert fitting.cut("数据库", 3) == "数据库"
    assert fitting.cut("数据库满", 3) == "数据…"


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_a_cut_is_never_too_long_and_loses_nothing_that_fits(written: str, limit: int) -> None:
    kept = fitting.cut(written, limit)
    assert len(kept) <= limit
    assert kept == written if len(written) <= limit else written.startswith(kept.removesuffix("…"))
    assert "".join(fitting.clusters(written)) == written


@given(st.text())
def test_a_line_is_one_line(written: str) -> None:
    made = fitting.line(written)
    assert made.replace("\u200d", "").isprintable()
    assert made == made.strip()
    assert "  " not in made


def test_lines_keep_their_breaks_and_lose_what_drives_a_terminal() -> None:
    assert fitting.lines("a\r\nb\tc\x1b[31m\x07d") == "a\nb\tc [31m d"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("down: https://shop.example.com/x?y=1 now", "down: now"),
        ("see www.example.com ok", "see ok"),
        ("10.0.0.7:5432 on db.internal", "10-0-0-7:5432 on db-internal"),
        ("🔥 disk 97% on 数据库，速看！ ☃", "disk 97% on 数据库，速看！"),
        ("{{x}} <b> & \"q\" 'r' \\ $ ~ ^ |", "x b q r"),
        ("平均 3.5 秒，97.5% 1.5GB。", "平均 3.5 秒，97.5% 1.5GB。"),
        ("v1.2.3 a.b 1.2.3.4 3.cn", "v1-2-3 a-b 1-2-3-4 3-cn"),
    ],
)
def test_plain_words_hold_no_links_addresses_or_emoji(written: str, plain: str) -> None:
    assert fitting.plain(written) == plain


@pytest.mark.parametrize(
    "written",
    [
        "13800000001", "+8613800000001", "008613800000001", "8613800000001", " +86 138 0000 0001 ",
        "(+86) 138-0000-0001",
        "１３８０００００００１", "\u202a+86\u00a0138\u20110000\u20110001\u202c", "+86.138.0000.0001",
    ],
)  # fmt: skip
def test_a_number_is_understood_as_people_write_it(written: str) -> None:
    assert phone.mainland(written) == "13800000001"


@pytest.mark.parametrize(
    "written",
    [
        "", "lin", "1380000000", "138000000012", "12345678901", "+1 310 555 0100", "+13105550100", "0013105550100",
        "+852 5123 4567", "+86 10 8888 8888", "1３80000000x", "13800000001,13800000002", "٠١٣٨", "+86+8613800000001",
    ],
)  # fmt: skip
def test_anything_else_is_no_mainland_mobile_number(written: str) -> None:
    assert phone.mainland(written) is None


def test_a_masked_number_cannot_be_dialled() -> None:
    assert phone.masked("13800000001") == "…0001"
    assert phone.masked("1234") == "…"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("down: https://shop.example.com/x?y=1 since 9", "down: since 9"),
        ("见https://a.example.com/x，请处理", "见 ，请处理"),
        ("see -ftp://x and www.example.com", "see and"),
        ("10.0.0.7:8080 refused", "10-0-0-7:8080 refused"),
        ("db.example.com, nginx.service", "db-example-com, nginx-service"),
        ("97.5% > 95.0, v1.2.3", "97.5% > 95.0, v1.2.3"),
        ("磁盘97.5满了.请处理", "磁盘97.5满了.请处理"),
        ("/var/log $5 & €3 <b> 'x' \"y\" ~|^", "/var/log $5 & €3 <b> 'x' \"y\" ~|^"),
        ("【告警】《磁盘》：（一）、“满”", "【告警】《磁盘》：（一）、“满”"),
        ("🔥满⚠️ 1\ufe0f\u20e3 ☃ \u200bx\u202e ½", "满 1 x ½"),
        ("café e\u0301", "café e\u0301"),
        ("half \ud83d a pair", "half a pair"),
        ("", ""),
    ],
)
def test_cleaned_of_links_addresses_and_pictures_and_nothing_else(written: str, said: str) -> None:
    assert fitting.clean(written) == said


_PIECES = st.lists(
    st.sampled_from(["http", "s", "://", "www", ".", "1", "10", "a", "-", " ", "中", "🔥", "x/y", "\n"]), max_size=30
)


@given(_PIECES.map("".join) | st.text())
def test_what_was_cleaned_holds_no_link_and_is_clean(written: str) -> None:
    made = fitting.clean(written)
    assert "://" not in made
    assert fitting.clean(made) == made
    assert fitting.line(made) == made
    assert all(ord(character) <= 0xFFFF for character in made)


@pytest.mark.parametrize("piece", ["a.", "a-", "-", "www.", "1.", "a", "://", "中."])
def test_no_text_takes_long_to_clean(piece: str) -> None:
    began = time.process_time()
    for rewrite in (fitting.clean, fitting.plain):
        rewrite(piece * 20_000)
    assert time.process_time() - began < 1.0, "a search that starts again at every letter takes minutes"


@given(text=st.text(max_size=60), most=st.integers(min_value=12, max_value=80))
@settings(max_examples=100)
def test_what_is_around_a_text_counts_too(text: str, most: int) -> None:
    def written(inner: str) -> str:
        return f"<b>{html.escape(inner)}</b>"

    size = Enveloped(most, Unit.BYTES, taken=lambda inner: len(written(inner).encode()))
    kept = size.cut(text)
    assert size.fits(kept)
    assert kept == text or kept.endswith(ELLIPSIS) or not kept
    assert kept == text or not size.fits(text)
