"""The words of the status page, in English and Chinese, and how it writes figures."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Final

from daemon.history.stretches import Time
from daemon.template.words import Lang
from daemon.template.words import duration as spoken
from daemon.web.view import TIMES, Day, seconds, uptime

NOTHING = "–"

_EN: Final = {
    "heading": "Status",
    "up": "up",
    "degraded": "degraded",
    "down": "down",
    "unknown": "not seen",
    "maintenance": "maintenance",
    "paused": "paused",
    "unwatched": "no data",
    "n_degraded": "{n} degraded",
    "n_unknown": "{n} not seen",
    "n_maintenance": "{n} in maintenance",
    "all_up": "All systems are up",
    "some_down": "{n} of {all} down",
    "some_degraded": "{n} of {all} degraded",
    "some_unknown": "{n} of {all} cannot be seen at the moment",
    "some_maintenance": "Maintenance: {n} of {all}",
    "some_paused": "Nobody looks at the moment",
    "nothing": "Nothing is shown here yet",
    "as_of": "As of {}",
    "current": "Now",
    "past": "Last 14 days",
    "no_past": "Nothing was down.",
    "since": "since {}",
    "for": "for {}",
    "more": "and {} more",
    "others": "Other",
    "everything": "All",
    "back": "All groups",
    "only_this": "Only this, always open",
    "was": "What it was",
    "days_ago": "90 days ago",
    "today": "today",
    "so_far": "{} (so far)",
    "24h": "24 h",
    "7d": "7 d",
    "30d": "30 d",
    "90d": "90 d",
    "uptime": "uptime",
    "response": "response",
    "response_in": "Response time, last 24 hours",
    "no_response": "No answer was timed in the last 24 hours.",
    "typical": "Typical",
    "within": "95 % within",
    "phase": "Phase",
    "by_hour": "By the hour",
    "hour": "Hour",
    "mean": "Mean",
    "days": "Days that were not all well",
    "all_well": "Every day of which anything is known was all well.",
    "day": "Day",
    "legend": "Each bar is a day; the mark below it says that something was down.",
    "zone": "Times are {}",
    "chart": "Response time over the last 24 hours: typically {typical}, 95 % within {within}, highest {highest}",
    "bars_said": "Last 90 days: {uptime} up; down on {n} days, {down} in all",
    "bars_empty": "Last 90 days: nothing is known",
    "in_all": "{up} of {all} up",
    "resolve": "name look-up",
    "connect": "connect",
    "proxy": "proxy",
    "tls": "TLS",
    "starttls": "STARTTLS",
    "first_byte": "wait for the first byte",
    "download": "download",
    "run": "run",
    "reply": "reply",
    "answer": "answer",
    "metadata": "metadata",
    "committed": "committed offsets",
    "ends": "end offsets",
    "total": "all of it",
    "rest": "the rest",
    "comma": ", ",
}
_ZH: Final = {
    "heading": "服务状态",
    "up": "正常",
    "degraded": "性能下降",
    "down": "故障",
    "unknown": "状态未知",
    "maintenance": "维护中",
    "paused": "已暂停",
    "unwatched": "无数据",
    "n_degraded": "{n} 项性能下降",
    "n_unknown": "{n} 项状态未知",
    "n_maintenance": "{n} 项维护中",
    "all_up": "所有服务运行正常",
    "some_down": "{all} 项中有 {n} 项故障",
    "some_degraded": "{all} 项中有 {n} 项性能下降",
    "some_unknown": "{all} 项中有 {n} 项暂时无法检测",
    "some_maintenance": "{all} 项中有 {n} 项正在维护",
    "some_paused": "暂无检测",
    "nothing": "暂无可显示的内容",
    "as_of": "更新于 {}",
    "current": "当前事件",
    "past": "最近 14 天",
    "no_past": "没有发生故障。",
    "since": "自 {} 起",
    "for": "已持续 {}",
    "more": "另有 {} 项",
    "others": "其他",
    "everything": "全部",
    "back": "全部分组",
    "only_this": "单独查看（始终展开）",
    "was": "情况",
    "days_ago": "90 天前",
    "today": "今天",
    "so_far": "{}（截至目前）",
    "24h": "24 小时",
    "7d": "7 天",
    "30d": "30 天",
    "90d": "90 天",
    "uptime": "可用率",
    "response": "响应时间",
    "response_in": "响应时间（最近 24 小时）",
    "no_response": "最近 24 小时没有响应时间记录。",
    "typical": "典型值",
    "within": "95 % 不超过",
    "phase": "阶段",
    "by_hour": "按小时",
    "hour": "时间",
    "mean": "平均",
    "days": "有异常的日期",
    "all_well": "有记录的每一天都正常。",
    "day": "日期",
    "legend": "每根柱表示一天；柱下的标记表示当天有故障。",
    "zone": "时间为 {}",
    "chart": "最近 24 小时响应时间：典型值 {typical}，95 % 不超过 {within}，最大值 {highest}",
    "bars_said": "最近 90 天：可用率 {uptime}；{n} 天有故障，共 {down}",
    "bars_empty": "最近 90 天：无数据",
    "in_all": "{all} 项中 {up} 项正常",
    "resolve": "域名解析",
    "connect": "建立连接",
    "proxy": "代理",
    "tls": "TLS 握手",
    "starttls": "STARTTLS",
    "first_byte": "等待首字节",
    "download": "下载",
    "run": "运行",
    "reply": "应答",
    "answer": "应答",
    "metadata": "元数据",
    "committed": "已提交位移",
    "ends": "末端位移",
    "total": "总计",
    "rest": "其余",
    "comma": "，",
}
WORDS: Final[dict[Lang, Mapping[str, str]]] = {"en": _EN, "zh": _ZH}

_AMISS = (Time.DOWN, Time.DEGRADED, Time.UNKNOWN, Time.MAINTENANCE)  # the worst first
_OF_A_DAY = (Time.DOWN, Time.DEGRADED, Time.MAINTENANCE, Time.UNKNOWN, Time.PAUSED)


def percent(part: float | None) -> str:
    """A part of 1, cut after two places: what was down for a second is never 100 %."""
    if part is None:
        return NOTHING
    cut = math.floor(round(part * 10_000, 6))
    return "100%" if cut == 10_000 else f"{cut / 100:.2f}%"  # noqa: PLR2004 - all of it


def took(time: float | None) -> str:
    """How long something took: three digits."""
    if not time:
        return NOTHING if time is None else "0"
    if time < 0.00005:  # noqa: PLR2004 - what would be 0.0 ms
        return f"{max(1.0, time * 1e6):.0f} µs"
    if time < 0.9995:  # noqa: PLR2004 - what is rounded to a second is one
        return f"{time * 1_000:.0f} ms" if time >= 0.00995 else f"{time * 1_000:.1f} ms"  # noqa: PLR2004 - two digits
    return f"{time:.2f} s" if time < 9.995 else f"{time:.0f} s"  # noqa: PLR2004 - three digits


def lasted(length: float, lang: Lang) -> str:
    """How long something lasted; a part of a second is one, for it was."""
    return spoken(max(1.0, length), lang)


def phase(name: str, lang: Lang) -> str:
    """A phase by the name that people know."""
    return WORDS[lang].get(name, name.replace("_", " "))


def sentence(states: Sequence[Time], lang: Lang) -> str:
    """How everything is, in a few words: what is worst, and how much of it."""
    if not states:
        return WORDS[lang]["nothing"]
    said = WORDS[lang]
    if len(states) == 1:
        return said[states[0]].capitalize()
    found = [(time, count) for time in _AMISS if (count := states.count(time))]
    if not found:
        return said["all_up" if Time.UP in states else "some_paused"]
    (time, count), *others = found
    parts = [said[f"some_{time}"].format(n=count, all=len(states))]
    parts += [said[f"n_{time}"].format(n=count) for time, count in others]
    return said["comma"].join(parts)


def of_a_day(day: Day, lang: Lang) -> str:
    """What a day was, in words: its uptime, and how long it was what else."""
    known = uptime(day)
    parts = [] if known is None else [percent(known)]
    parts += [f"{WORDS[lang][time]} {lasted(seconds(day, time), lang)}" for time in _OF_A_DAY if day[TIMES.index(time)]]
    return WORDS[lang]["comma"].join(parts) if parts else WORDS[lang]["unwatched"]


def clock(at: float, zone: dt.tzinfo, now: float) -> str:
    """An instant as people write it: the time alone if it is today."""
    when, today = (dt.datetime.fromtimestamp(one, zone) for one in (at, now))
    return f"{when:%H:%M}" if when.date() == today.date() else date_and_time(at, zone)


def date_and_time(at: float, zone: dt.tzinfo) -> str:
    """An instant as people write it."""
    return f"{dt.datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def between(began: float, ended: float, zone: dt.tzinfo) -> str:
    """From when to when; the day once where it is the same."""
    first, last = (dt.datetime.fromtimestamp(one, zone) for one in (began, ended))
    until = f"{last:%H:%M}" if first.date() == last.date() else date_and_time(ended, zone)
    return f"{date_and_time(began, zone)} – {until}"


def offset(zone: dt.tzinfo, now: float) -> str:
    """The zone as everybody knows it: how far it is from UTC."""
    ahead = dt.datetime.fromtimestamp(now, zone).utcoffset() or dt.timedelta()
    minutes = round(ahead.total_seconds() / 60)
    return "UTC" if not minutes else f"UTC{'+' if minutes > 0 else '−'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
