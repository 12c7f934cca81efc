"""What whoever opens a signed link sees: one small page without scripts, in Chinese or English."""

import base64
import hashlib
from enum import StrEnum
from html import escape

import msgspec

from daemon.alert import Alert
from daemon.config.answers import Acknowledge
from daemon.event import State
from daemon.store.acks import Ack
from daemon.template.words import SEVERITIES, Lang, duration, time
from daemon.zone import Zone

TYPE = "text/html; charset=utf-8"
OFFERED = (1_800.0, 7_200.0, 14_400.0, 28_800.0, 86_400.0)  # seconds, beside what is configured

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2024}"
    "main{max-width:34rem;margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.3rem;margin:.2rem 0 1rem;overflow-wrap:anywhere}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem;margin:0 0 1.5rem}"
    "dt{color:#5b6470}dd{margin:0;overflow-wrap:anywhere}"
    ".tag{display:inline-block;margin:0 .4rem 0 0;padding:0 .6rem;border-radius:1rem;color:#fff;background:#5b6470;"
    "font-size:.85rem}"
    ".critical,.error{background:#b3261e}.warning{background:#8a5a00}.resolved{background:#1b6e3c}.acked{background:#1f5fbf}"
    "label{display:block;margin:0 0 .8rem}input,select,button{font:inherit;box-sizing:border-box;width:100%;"
    "min-height:3rem;padding:.6rem;border:1px solid #98a1ad;border-radius:.4rem;background:#fff;color:inherit}"
    "button{background:#1f5fbf;border-color:#1f5fbf;color:#fff;cursor:pointer}"
    ".wrong{color:#b3261e}footer{margin-top:2rem;color:#5b6470;font-size:.85rem}"
    "@media(prefers-color-scheme:dark){body{background:#16191d;color:#e6e8eb}dt,footer{color:#9aa4b0}"
    "input,select{background:#22272e}.wrong{color:#ff8a80}}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Problem(StrEnum):
    """Why a link leads nowhere."""

    NONE = "none"  # no links are configured
    MANGLED = "mangled"
    FORGED = "forged"
    STRANGER = "stranger"  # made for somebody who is not configured any more
    EXPIRED = "expired"
    GONE = "gone"
    OFTEN = "often"
    STORE = "store"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows: an alert, who has it in hand, and who looks; nobody in particular behind a room's link."""

    alert: Alert
    ack: Ack | None
    person: str
    now: float
    zone: Zone

    def when(self, stamp: float) -> str:
        """A time with its date and zone: the reader may be elsewhere."""
        return time(stamp, self.zone.info, self.now, full=True)


_EN = {
    "title": "Acknowledge an alarm",
    "severity": "Severity",
    "since": "Since",
    "state": "State",
    "source": "Source",
    "firing": "open",
    "resolved": "over",
    "acked": "acknowledged",
    "ago": "{} ago",
    "ended": "It ended {}. There is nothing left to do.",
    "hand": "In hand",
    "nobody": "nobody has acknowledged it",
    "until": "{} until {}",
    "for": "For how long",
    "name": "Your name",
    "comment": "Comment (optional)",
    "do": "Acknowledge",
    "do_as": "Acknowledge as {}",
    "take": "Take it over",
    "take_as": "Take it over as {}",
    "prolong": "Prolong as {}",
    "what": "Meanwhile it is neither repeated nor escalated. You are reminded before that ends.",
    "wrong_for": "That is no time that can be chosen here.",
    "wrong_name": "Please say who you are.",
    "wrong_form": "This form could not be read. Please try again.",
    "none": "Acknowledging by link is not switched on here.",
    "mangled": "There is no such link. It may have been cut off on its way; open it from the message again.",
    "forged": "This link is not valid. It may have been changed on its way, or the key was replaced.",
    "stranger": "This link was made for somebody who is not configured here any more.",
    "expired": "This link has expired. Newer messages about the alarm have a newer one; tocsinctl ack always works.",
    "gone": "The alarm that this link is about is not kept any more.",
    "often": "Too many wrong links were opened. Please try again in a minute.",
    "store": "This could not be written down just now. Please try again in a minute.",
}
_ZH = {
    "title": "确认告警",
    "severity": "级别",
    "since": "开始于",
    "state": "状态",
    "source": "来源",
    "firing": "未恢复",
    "resolved": "已恢复",
    "acked": "已确认",
    "ago": "{}前",
    "ended": "已于 {} 恢复，无需处理。",
    "hand": "处理人",
    "nobody": "尚无人确认",
    "until": "{}，至 {}",
    "for": "处理时长",
    "name": "您的姓名",
    "comment": "备注（可选）",
    "do": "确认",
    "do_as": "以 {} 的身份确认",
    "take": "接手处理",
    "take_as": "以 {} 的身份接手",
    "prolong": "以 {} 的身份延长",
    "what": "在此期间不再重复通知，也不会升级；到期前会提醒您。",
    "wrong_for": "不能选择这个时长。",
    "wrong_name": "请填写您的姓名。",
    "wrong_form": "表单无法读取，请重试。",
    "none": "此处未启用链接确认。",
    "mangled": "没有这个链接。它可能在传送中被截断，请从消息中重新打开。",
    "forged": "链接无效。它可能被改动过，或者密钥已更换。",
    "stranger": "此链接的收件人已不在配置中。",
    "expired": "链接已过期。请使用较新消息中的链接，或使用 tocsinctl ack。",
    "gone": "此链接对应的告警已不再保存。",
    "often": "错误链接过多，请一分钟后再试。",
    "store": "暂时无法保存，请一分钟后再试。",
}
_TEXTS = {"en": _EN, "zh": _ZH}


def language(accepted: str) -> Lang:
    """Chinese or English, whichever the reader's Accept-Language wants more; English when it says neither."""
    wanted = {"zh": 0.0, "en": 0.0}
    for one in accepted[:1_000].split(","):
        name, _, quality = one.partition(";")
        short = name.strip().lower()[:2]
        if short in wanted:
            wanted[short] = max(wanted[short], _quality(quality))
    return "zh" if wanted["zh"] > wanted["en"] else "en"


def page(seen: Seen, lang: Lang, settings: Acknowledge, wrong: str) -> bytes:
    """The alert, and the form while it is open. `wrong` names what of the form cannot be used."""
    texts, alert = _TEXTS[lang], seen.alert
    over = alert.state is State.RESOLVED
    severity = alert.severity.value
    tags = [("resolved", texts["resolved"])] if over else [(severity, SEVERITIES[lang][severity])]
    if seen.ack is not None and not over:
        tags.append(("acked", texts["acked"]))
    parts = [
        *(f'<span class="tag {kind}">{word}</span>' for kind, word in tags),
        f"<h1>{escape(alert.title)} <small>({alert.code})</small></h1>",
        _facts(seen, lang),
    ]
    if wrong:
        parts.append(f'<p class="wrong" role="alert">{texts[f"wrong_{wrong}"]}</p>')
    if over:
        parts.append(f"<p>{texts['ended'].format(seen.when(alert.ended_at or alert.last_seen))}</p>")
    else:
        parts.append(_form(seen, lang, settings))
    return _document("".join(parts), lang, texts["title"])


def problem(what: Problem, lang: Lang) -> bytes:
    """Why the link leads nowhere."""
    return _document(f"<h1>{_TEXTS[lang][what.value]}</h1>", lang, _TEXTS[lang]["title"])


def choices(settings: Acknowledge) -> list[float]:
    """How long may be chosen: round times within what is allowed, and the usual one."""
    return sorted({*(one for one in OFFERED if one <= settings.most), min(settings.for_, settings.most)})


def _facts(seen: Seen, lang: Lang) -> str:
    texts, alert, ack = _TEXTS[lang], seen.alert, seen.ack
    ago = texts["ago"].format(duration(seen.now - alert.started_at, lang))
    hand = texts["nobody"] if ack is None else texts["until"].format(ack.author, seen.when(ack.until))
    if ack is not None and ack.comment:
        hand += f" — {ack.comment}"
    rows = [
        ("severity", SEVERITIES[lang][alert.severity.value]),
        ("state", texts[alert.state.value]),
        ("since", f"{seen.when(alert.started_at)} ({ago})"),
        ("source", alert.source),
    ]
    if alert.state is State.FIRING:
        rows.append(("hand", hand))
    return "<dl>" + "".join(f"<dt>{texts[name]}</dt><dd>{escape(value)}</dd>" for name, value in rows) + "</dl>"


def _form(seen: Seen, lang: Lang, settings: Acknowledge) -> str:
    texts, usual = _TEXTS[lang], min(settings.for_, settings.most)
    options = "".join(
        f'<option value="{seconds:.15g}s"{" selected" if seconds == usual else ""}>{duration(seconds, lang)}</option>'
        for seconds in choices(settings)
    )
    name = ""
    if not seen.person:
        name = f'<label>{texts["name"]}<input name="name" required maxlength="64" autocomplete="name"></label>'
        button = texts["do" if seen.ack is None else "take"]
    else:
        wanted = "do_as" if seen.ack is None else "prolong" if seen.ack.author == seen.person else "take_as"
        button = texts[wanted].format(seen.person)
    return (
        '<form method="post" action="">'
        f'<label>{texts["for"]}<select name="for">{options}</select></label>{name}'
        f'<label>{texts["comment"]}<input name="comment" maxlength="500" autocomplete="off"></label>'
        f"<button>{escape(button)}</button></form><footer>{texts['what']}</footer>"
    )


def _document(body: str, lang: str, title: str) -> bytes:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex,nofollow">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    ).encode("utf-8", "replace")


def _quality(text: str) -> float:
    value = text.strip().removeprefix("q=").strip()
    try:
        return min(1.0, max(0.0, float(value))) if value else 1.0
    except ValueError:
        return 0.0
