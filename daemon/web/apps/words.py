"""The words of the pages about applications, in English and Chinese, and how they write figures."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from daemon.template.words import Lang
from daemon.web import words
from daemon.web.words import NOTHING

_EN: Final = {
    "news_first": "told as new",
    "news_regression": "told: it came back",
    "news_spike": "told: far more of it than usual",
    "news_over": "over",
    "news_calmed": "no more than usual again",
    "news_stormed": "one of many new ones, told as one",
    "news_storm": "told: many new errors",
    "news_storm_over": "no more many new errors",
    "apps": "Applications",
    "errors": "Errors",
    "routes": "Routes",
    "resources": "Resources",
    "thresholds": "Thresholds",
    "all_apps": "All applications",
    "range": "Range",
    "1h": "1 h",
    "6h": "6 h",
    "app": "Application",
    "route": "Route",
    "resource": "Resource",
    "requests": "Requests",
    "uses": "Uses",
    "total": "Time in all",
    "p50": "p50",
    "p95": "p95",
    "p99": "p99",
    "failed": "Failed",
    "reported": "Reported",
    "requests_over": "Requests per minute",
    "times_over": "Response time",
    "errors_over": "Errors per {}",
    "went_well": "answered",
    "went_wrong": "failed",
    "told": "reported by an SDK",
    "numbers": "The numbers",
    "time": "Time",
    "per_minute": "per min",
    "no_apps": "No application has told anything in this range.",
    "told_nothing": "It was asked nothing in this range, and told no errors.",
    "no_routes": "No page was viewed in this range.",
    "no_resources": "No use of a resource was told in this range.",
    "no_errors": "No errors here.",
    "how": "How applications tell: docs/measuring.",
    "more": "These are {0} of {1}, by {2}; the others are not shown.",
    "whole_app": "The whole application",
    "events": "Events",
    "last": "Last",
    "first": "First",
    "state": "State",
    "unresolved": "open",
    "resolved": "resolved",
    "ignored": "ignored",
    "any_state": "all",
    "release": "Release",
    "releases": "{} – {}",
    "regressions": "came back {} times",
    "regression": "came back once",
    "sample": "The newest, whole",
    "sample_of": "One of them, {}",
    "samples": "{} are kept",
    "own_tags": "Tags",
    "tags": "What they had in common",
    "before": "What it did before",
    "request": "Request",
    "contexts": "Around it",
    "extra": "Extra",
    "news": "What was told of it",
    "others": "others",
    "caused": "caused by",
    "calls": "{} calls of libraries",
    "hint": "Resolve or ignore it with tocsinctl: {}",
    "firing": "firing",
    "pending": "pending",
    "clearing": "clearing",
    "ok": "ok",
    "unknown": "unknown",
    "chart_requests": "Requests: {count} in {range}, highest {most} a minute",
    "chart_times": "Response time in {range}: p50 {p50}, p95 {p95}, p99 {p99}",
    "chart_errors": "Errors in {range}: {failed} requests failed, {told} were reported",
    "chart_hours": "How often it was by the hour: {count} in all, highest {most}",
    "step_requests": "{at}: {rate} a minute, {count} requests, {failed} failed",
    "step_times": "{at}: p50 {p50}, p95 {p95}, p99 {p99}",
    "step_errors": "{at}: {failed} requests failed, {told} errors reported",
    "step_hours": "{at}: {count}",
    "not_over": "{} (so far)",
    "user": "User",
    "server": "Server",
    "trace": "Trace",
    "environment": "Environment",
    "sdk": "SDK",
    "message": "Message",
    "comment": "{} said: {}",
}
_ZH: Final = {
    "news_first": "作为新错误通知",
    "news_regression": "通知：再次出现",
    "news_spike": "通知：远多于平时",
    "news_over": "已结束",
    "news_calmed": "恢复到平时的水平",
    "news_stormed": "许多新错误之一，合并通知",
    "news_storm": "通知：大量新错误",
    "news_storm_over": "不再有大量新错误",
    "apps": "应用",
    "errors": "错误",
    "routes": "路由",
    "resources": "资源",
    "thresholds": "阈值",
    "all_apps": "全部应用",
    "range": "范围",
    "1h": "1 小时",
    "6h": "6 小时",
    "app": "应用",
    "route": "路由",
    "resource": "资源",
    "requests": "请求数",
    "uses": "使用次数",
    "total": "总耗时",
    "p50": "p50",
    "p95": "p95",
    "p99": "p99",
    "failed": "失败",
    "reported": "上报错误",
    "requests_over": "每分钟请求数",
    "times_over": "响应时间",
    "errors_over": "每 {}错误数",
    "went_well": "成功",
    "went_wrong": "失败",
    "told": "SDK 上报",
    "numbers": "数据",
    "time": "时间",
    "per_minute": "每分钟",
    "no_apps": "该时间范围内没有应用上报数据。",
    "told_nothing": "该时间范围内没有请求，也没有上报错误。",
    "no_routes": "该时间范围内没有页面访问。",
    "no_resources": "该时间范围内没有资源使用记录。",
    "no_errors": "没有错误。",
    "how": "应用如何上报：docs/measuring。",
    "more": "显示 {1} 项中的 {0} 项，按{2}排序；其余未显示。",
    "whole_app": "整个应用",
    "events": "次数",
    "last": "最近",
    "first": "首次",
    "state": "状态",
    "unresolved": "未解决",
    "resolved": "已解决",
    "ignored": "已忽略",
    "any_state": "全部",
    "release": "版本",
    "releases": "{} – {}",
    "regressions": "复发 {} 次",
    "regression": "复发 1 次",
    "sample": "最近一次的完整内容",
    "sample_of": "其中一次，{}",
    "samples": "保留了 {} 次",
    "own_tags": "标签",
    "tags": "共同点",
    "before": "之前的操作",
    "request": "请求",
    "contexts": "环境",
    "extra": "附加信息",
    "news": "通知记录",
    "others": "其他",
    "caused": "起因",
    "calls": "{} 个库调用",
    "hint": "用 tocsinctl 解决或忽略：{}",
    "firing": "告警中",
    "pending": "等待中",
    "clearing": "恢复中",
    "ok": "正常",
    "unknown": "未知",
    "chart_requests": "请求：{range}内 {count} 次，最高每分钟 {most} 次",
    "chart_times": "{range}内响应时间：p50 {p50}，p95 {p95}，p99 {p99}",
    "chart_errors": "{range}内错误：{failed} 个请求失败，上报 {told} 个错误",
    "chart_hours": "每小时次数：共 {count} 次，最多 {most} 次",
    "step_requests": "{at}：每分钟 {rate} 次，共 {count} 个请求，{failed} 个失败",
    "step_times": "{at}：p50 {p50}，p95 {p95}，p99 {p99}",
    "step_errors": "{at}：{failed} 个请求失败，上报 {told} 个错误",
    "step_hours": "{at}：{count}",
    "not_over": "{}（截至目前）",
    "user": "用户",
    "server": "服务器",
    "trace": "跟踪",
    "environment": "环境",
    "sdk": "SDK",
    "message": "消息",
    "comment": "{} 说：{}",
}
# What both kinds of pages say stands with the status page's words.
WORDS: Final[dict[Lang, Mapping[str, str]]] = {"en": {**words.WORDS["en"], **_EN}, "zh": {**words.WORDS["zh"], **_ZH}}

_DAY = 86_400
_LONG = ((_DAY, "d"), (3_600, "h"), (60, "min"))
_SHORT = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_LEAST_SHORT = 1e4  # from when on a number is written shorter


def count(number: float | None) -> str:
    """How many: whole below ten thousand, then in three digits; a part of one where there is less than ten."""
    if number is None:
        return NOTHING
    if number >= _LEAST_SHORT:
        unit, letter = next(one for one in _SHORT if number >= one[0])
        return f"{_digits(number / unit)}{letter}"
    if number >= 10 or number == int(number):  # noqa: PLR2004 - two digits say enough
        return f"{number:,.0f}"
    return f"{number:.2g}"


def part(of: float | None) -> str:
    """A part of 1: never 0 % of what is there, and never 100 % of what is not all."""
    if of is None:
        return NOTHING
    if of in (0.0, 1.0):
        return f"{of * 100:.0f}%"
    return "<0.1%" if of < 0.001 else f"{min(99.9, of * 100):.1f}%"  # noqa: PLR2004 - one place


def spent(seconds: float | None) -> str:
    """How long it took: one request, or all of them together."""
    if seconds is None or seconds < 60:  # noqa: PLR2004 - a minute
        return words.took(seconds)
    length, unit = next(one for one in _LONG if seconds >= one[0])
    return f"{count(seconds / length) if seconds >= length * 999.5 else _digits(seconds / length)} {unit}"


def step(begin: float, length: float, zone: dt.tzinfo) -> str:
    """The time of a step of a chart: from when to when; the day where a step is long."""
    first, last = (dt.datetime.fromtimestamp(at, zone) for at in (begin, begin + length))
    return f"{first:%m-%d %H:%M} – {last:%H:%M}"


def mark(at: float, length: float, zone: dt.tzinfo) -> str:
    """What stands below a chart that is so long."""
    when = dt.datetime.fromtimestamp(at, zone)
    return f"{when:%H:%M}" if length <= _DAY else f"{when:%m-%d}"


def _digits(number: float) -> str:
    """Three digits; more only of what is whole in them."""
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"  # noqa: PLR2004 - what is rounded to a thousand
