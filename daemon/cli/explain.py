"""`tocsinctl explain`: the answer, then what led to it, station by station."""

import argparse
import json
import re
from typing import Any

from daemon.cli.command import Command, arg
from daemon.cli.tables import lines, pairs, printable, size, when

_SEVERITIES = ("critical", "error", "warning", "info")
_PAIR = re.compile(r'\s*([^=,\s"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*?))\s*(?:,|$)', re.DOTALL)
_MARKS = {"takes": "*", "hands_on": "+", "no_match": "-", "sibling": ".", "parent": "."}


def label_set(text: str) -> dict[str, str]:
    """Read `alertname=x,severity="critical"`."""
    body = text.strip().removeprefix("{").removesuffix("}")
    found, position = {}, 0
    while position < len(body):
        match = _PAIR.match(body, position)
        if match is None:
            raise argparse.ArgumentTypeError(f"{text!r}: write labels as name=value,name=value")
        found[match[1]] = match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2])
        position = match.end()
    return found


def explained(result: Any) -> str:
    """An alert's story, or what would become of labels."""
    return _rehearsal(result) if "hears" in result else _story(result)


def _story(result: Any) -> str:
    about = result["alert"]
    over = f", over since {when(about['ended_at'])}" if about["ended_at"] is not None else ""
    return "".join(
        [
            f"{result['code']} {lines(about['title'])}\n{lines(result['answer'])}\n",
            _section("What came in", _requests(result["requests"])),
            _section("What it is", [*_identity(result), f"{about['state']}, {about['severity']}{over}",
                                    f"heard {about['count']} times, last at {when(about['last_seen'])}"]),
            _section("Routes, as they are configured now", _routes(result)),
            _section("What muted it", [_mute(one) for one in result["mutes"]]),
            _section("Its groups", [line for one in result["groups"] for line in _group(one)]),
            _section("What was said and sent", [line for one in result["notices"] for line in _notice(one)]),
            _section("Who has it in hand, and who else is told", _in_hand(result["in_hand"])),
        ]
    )  # fmt: skip


def _rehearsal(result: Any) -> str:
    return "".join(
        [
            f"What if, at {when(result['at'])}: {printable(pairs(result['labels']))}\n{lines(result['answer'])}\n",
            _section("What it is", _identity(result)),
            _section("Routes, as they are configured now", _routes(result)),
            _section("Who would hear of it", [line for one in result["hears"] for line in _hears(one)]),
        ]
    )


def _section(title: str, shown: list[str]) -> str:
    indented = [line for one in shown for line in lines(one).split("\n")]
    return f"\n{title}\n" + "".join(f"  {line}\n" for line in indented or ["(nothing)"])


def _identity(result: Any) -> list[str]:
    one = result["identity"]
    labels = result["alert"]["labels"] if "alert" in result else result["labels"]
    key = f"key {one['key']}, " if one["key"] else ""
    shown = [f"source {one['source']}, {key}fingerprint {one['fingerprint']}", f"made of {one['made_of']}"]
    if result.get("open_alert"):
        shown.append(f"open already as {result['open_alert']}")
    return [*shown, f"labels {pairs(labels) or '(none)'}"]


def _requests(touches: list[Any]) -> list[str]:
    shown = []
    for touch in touches:
        one = touch["request"]
        by = f" through the handler {one['handler']}" if one["handler"] else ""
        origin = f" from {one['remote']}" if one["remote"] else ""
        shown.append(f"{when(one['at'])} {touch['change']}: {one['door']}, source {one['source']}{by}{origin}")
        carried = one["carried"]
        if carried["query"]:
            shown.append(f"    query {pairs(carried['query'])}")
        if carried["headers"]:
            shown.append(f"    headers {pairs(carried['headers'])}")
        if carried["body"]:
            cut = f", cut: it had {size(one['size'])}" if carried["cut"] else ""
            shown.append(f"    body{cut}")
            shown += [f"    | {line}" for line in _readable(carried["body"]).split("\n")]
    return shown or ["(not kept, or pushed out by newer ones)"]


def _readable(body: str) -> str:
    """JSON is laid out; what is cut or something else stays as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        return body


def _routes(result: Any) -> list[str]:
    """Each route that was asked; those below one that was not are counted."""
    shown, hidden = [], 0
    for look in result["routes"]:
        if look["verdict"] == "parent":
            hidden += 1
            continue
        depth = "  " * look["place"].count(".")
        shown.append(f"{depth}{_MARKS[look['verdict']]} {look['place']} ({look['receiver']}): {look['why']}")
        if look["verdict"] != "sibling":
            shown += [f"{depth}    {_matcher(one)}" for one in look["matchers"]]
    if hidden + result["routes_left"]:
        shown.append(f"and {hidden + result['routes_left']} more below routes that were not asked (--json shows them)")
    if result.get("remark"):
        shown.append(f"! {result['remark']}")
    return shown


def _matcher(one: Any) -> str:
    met = "there is no such label" if one["value"] is None else f"it is {json.dumps(one['value'], ensure_ascii=False)}"
    return f"{'yes' if one['matches'] else 'no '} {one['says']}: {met}"


def _mute(one: Any) -> str:
    where = f" in {one['group']}" if one["group"] else ""
    if one["cause"] == "no_longer":
        return f"{when(one['at'])} no longer{where}"
    return f"{when(one['at'])} {one['cause']}{where}: {one['detail']}"


def _barred(one: Any) -> str:
    end = f" until {when(one['until'])}" if one["until"] is not None else ""
    return f"{one['cause']}: {one['detail']}{end}"


def _group(one: Any) -> list[str]:
    place = one["place"] or "of no route that there is now"
    shown = [f"{one['code']} {one['receiver']}, {place}, by {pairs(one['labels']) or 'no label'}"]
    shown.append(
        f"    {'its receiver knows that it fires' if one['told'] else 'its receiver was not told that it fires'}"
    )
    if one["flushed_at"] is not None:
        shown.append(f"    last looked at {when(one['flushed_at'])}")
    next_at = f"{when(one['next_at'])}, " if one["next_at"] is not None else "not before there is news: "
    shown.append(f"    next {next_at}{one['why_then']}")
    if one["muted"]:
        shown.append(f"    muted now, {_barred(one['muted'])}")
    return shown


def _notice(one: Any) -> list[str]:
    about = f"{one['firing']} firing, {one['resolved']} over"
    shown = [f"{when(one['at'])} {one['code']} to {one['receiver']}: {one['reason']} ({about})"]
    for sent in one["deliveries"]:
        who = sent["recipient"] or "the room"
        ids = f", provider's id {sent['provider_id']}" if sent["provider_id"] else ""
        shown.append(f"    {sent['code']} to {who} over {sent['channel']}: {sent['phase']}{ids}")
        if sent["phase"] == "waiting":
            shown.append(f"        due {when(sent['due_at'])}")
        if sent["reason"] and sent["phase"] != "sent":
            shown.append(f"        {sent['reason']}")
        if sent["interrupted"]:
            shown.append(f"        {sent['interrupted']} tries may have arrived although no answer came")
        shown += [f"        {_attempt(tried)}" for tried in sent["attempts"]]
    return shown if one["deliveries"] else [*shown, "    nothing was sent"]


def _in_hand(hand: Any) -> list[str]:
    shown = [f"{when(one['at'])} {one['stage']} {one['verdict']}: {one['detail']}" for one in hand["turns"]]
    if ack := hand["ack"]:
        said = f": {ack['comment']}" if ack["comment"] else ""
        shown.append(
            f"{ack['author']} has it until {when(ack['until'])}, since {when(ack['at'])} by {ack['via']}{said}"
        )
    for one in hand["escalations"]:
        steps = f"{one['step']} of {len(one['steps'])} steps told"
        following = f", the next at {when(one['next_at'])}" if one["next_at"] is not None else ""
        held = f", put off: {one['muted']}" if one["muted"] else ""
        shown.append(f"escalation of {one['receiver']}, {one['state']}: {steps}{following}{held}")
    return shown


def _attempt(one: Any) -> str:
    said = " ".join(part for part in (one["code"], one["words"]) if part)
    return (
        f"try {one['n']}, {when(one['at'])} after {one['seconds']:.3f} s: {one['outcome']}{f' {said}' if said else ''}"
    )


def _hears(one: Any) -> list[str]:
    group = one["group"] or "a new group"
    shown = [
        f"{one['receiver']} ({one['place']}) at {when(one['at'])} in {group}, by {pairs(one['labels']) or 'no label'}"
    ]
    if one["muted"]:
        shown.append(f"    but muted then, {_barred(one['muted'])}")
    if one["held"]:
        shown.append("    held for the next digest")
    for to in one["people"]:
        ways = ", then ".join(f"{hop['channel']} {hop['address']}".rstrip() for hop in to["hops"])
        shown.append(f"    {to['recipient'] or 'the room'} by {ways}")
    shown += [f"    nobody: {missing}" for missing in one["missing"]]
    return shown if one["people"] or one["missing"] else [*shown, "    nobody: it is recorded only"]


COMMANDS = (
    Command(
        words="explain",
        method="alerts.explain",
        help="Explain why an alert was or was not told; or, for `labels`, say what would happen, without doing it.",
        show=explained,
        args=(
            arg("id", metavar="CODE", nargs="?", help="such as A17, an error such as E12, or the name of a probe"),
            arg(
                "labels", "--labels", type=label_set, metavar="NAME=VALUE,…", help="what if: an alarm with these labels"
            ),
            arg(
                "severity", "--severity", choices=_SEVERITIES, help="what if: how bad (what the label says, else error)"
            ),
            arg("source", "--source", help="what if: who raises it (cli)"),
            arg(
                "at",
                "--at",
                metavar="TIME",
                help="what if: such as 2026-10-01T09:00:00+08:00, or seconds since the epoch (now)",
            ),
        ),
    ),
)
