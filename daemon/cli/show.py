"""What people see of each answer."""

import json
from typing import Any

from daemon.cli import acks
from daemon.cli.tables import counted, facts, lines, pairs, printable, size, table, took, when


def ping(result: Any) -> str:
    """It is there, and its time."""
    return f"tocsin is there; its time is {when(result['at'])}\n"


def version(result: Any) -> str:
    """Its version."""
    return f"tocsin {printable(result['version'])}\n"


def status(result: Any) -> str:
    """One sentence, the reasons, what is doubtful in the configuration, then the figures."""
    text = f"tocsin {result['version']} is {result['state']}: pid {result['pid']}, up {took(result['uptime'])}\n"
    text += "".join(f"  ! {lines(reason)}\n" for reason in result["reasons"])
    text += "".join(f"  warning: {lines(warning)}\n" for warning in result["warnings"])
    alerts = ", ".join(f"{number} {severity}" for severity, number in sorted(result["alerts"].items()))
    down = result["probes_down"]
    text += facts(
        [
            *((f"{door} door", address) for door, address in sorted(result["doors"].items())),
            ("store", f"{size(result['store']['bytes'])}{', unwell' if result['store']['unwell'] else ''}"),
            ("open alerts", alerts or "none"),
            ("probes", f"{result['probes']}, down: {', '.join(down) or 'none'}"),
            ("quarantine", f"{result['quarantine']} requests"),
        ]
    )
    breakers = {lane["channel"]: lane["breaker"] for lane in result["lanes"]}
    names = sorted({*breakers, *result["outbox"]})
    counts = {name: result["outbox"].get(name, {}) for name in names}
    return (
        text
        + "\n"
        + table(
            ("channel", "breaker", "waiting", "sending", "dead"),
            [
                (
                    name,
                    breakers.get(name, "not configured"),
                    *(counts[name].get(p, 0) for p in ("waiting", "sending", "dead")),
                )
                for name in names
            ],
        )
    )


def methods(result: Any) -> str:
    """Name, right, and the first line about it."""
    return table(
        ("method", "right", "what"),
        [(one["name"], one["right"], one["help"]) for one in result],
    )


def alert_list(result: Any) -> str:
    """One line an alert."""
    return table(
        ("alert", "state", "severity", "count", "since", "source", "title"),
        [
            (a["code"], acks.standing(a), a["severity"], a["count"], when(a["started_at"]), a["source"], a["title"])
            for a in result
        ],
    )


def alert(result: Any) -> str:
    """The alert, what was decided, what was said, what was sent."""
    about = result["alert"]
    text = f"{result['code']} {lines(about['title'])}\n"
    text += facts(
        [
            ("state", about["state"]),
            ("severity", about["severity"]),
            ("source", about["source"]),
            ("key", about["key"]),
            ("labels", pairs(about["labels"])),
            ("links", pairs(about["links"])),
            ("text", about["text"]),
            ("started", when(about["started_at"])),
            ("ended", when(about["ended_at"])),
            ("last seen", f"{when(about['last_seen'])}, {counted(about['count'], 'time')}"),
            ("acknowledged", acks.hand(result["ack"])),
            *(("escalation", acks.escalation(one)) for one in result["escalations"]),
        ]
    )
    decided = [
        (when(trace["at"]), step["stage"], step["verdict"], step["detail"])
        for trace in result["trace"]
        for step in trace["steps"]
    ]
    said = [(when(n["at"]), n["receiver"], n["reason"], n["severity"], n["note"]) for n in result["notices"]]
    return (
        text
        + "\nWhat was decided\n" + table(("at", "stage", "verdict", "detail"), decided)
        + "\nWhat was said\n" + table(("at", "receiver", "reason", "severity", "note"), said)
        + "\nWhat was sent\n" + delivery_list(result["deliveries"])
    )  # fmt: skip


def event(result: Any) -> str:
    """What became of it."""
    if not result["alert"]:
        return "no such alert is open, so there is nothing to end\n"
    return f"{result['alert']}: {result['change'].replace('_', ' ')}\n"


def delivery_list(result: Any) -> str:
    """One line a delivery."""
    return table(
        ("delivery", "alert", "channel", "to", "phase", "tries", "created", "reason"),
        [
            (
                d["code"], d["alert"], d["channel"], d["recipient"] or d["address"], d["phase"], d["attempts"],
                when(d["created_at"]), d["reason"],
            )
            for d in result
        ],
    )  # fmt: skip


def delivery(result: Any) -> str:
    """All about one."""
    about, notice = result["delivery"], result["notice"]
    return f"{result['code']} {lines(notice['alerts'][0]['title'])}\n" + facts(
        [
            ("alert", result["alert"]),
            ("why", notice["reason"]),
            ("receiver", notice["receiver"]),
            ("channel", about["channel"]),
            ("to", f"{about['recipient']['name']} {about['recipient']['address']}".strip()),
            ("phase", about["phase"]),
            ("tries", about["attempts"]),
            ("created", when(about["created_at"])),
            ("due", when(about["due_at"])),
            ("settled", when(about["settled_at"])),
            ("provider's id", about["provider_id"]),
            ("reason", about["reason"]),
            ("then", ", ".join(hop["channel"] for hop in about["then"])),
        ]
    )


def retried(result: Any) -> str:
    """Which ones."""
    return f"waiting again: {', '.join(result['retried']) or 'none'}\n"


def request_list(result: Any) -> str:
    """One line a request."""
    return table(
        ("request", "at", "kind", "source", "from", "size", "replayed", "reason"),
        [
            (
                r["code"], when(r["at"]), r["kind"], r["source"], r["remote"], _kept(r),
                when(r["replayed_at"]), r["reason"],
            )
            for r in result
        ],
    )  # fmt: skip


def request(result: Any) -> str:
    """Its facts, then its body."""
    about = result["request"]
    text = facts(
        [
            ("request", about["code"]),
            ("at", when(about["at"])),
            ("kind", about["kind"]),
            ("source", about["source"]),
            ("reason", about["reason"]),
            ("from", about["remote"]),
            ("size", _kept(about)),
            ("replayed", when(about["replayed_at"])),
            ("content type", result["content_type"]),
            ("query", pairs(result["query"])),
            ("headers", "\n".join(f"{name}: {value}" for name, value in result["headers"].items())),
            ("encoding", result["encoding"]),
        ]
    )
    return f"{text}\n{lines(result['body'])}\n"


def _kept(request: Any) -> str:
    return f"{size(request['size'])}{'' if request['whole'] else ', cut'}"


def replayed(result: Any) -> str:
    """What became of each, and how many are left to do."""
    text = table(
        ("request", "alerts", "problem"),
        [(one["request"], _became(one["events"]), one["problem"]) for one in result["requests"]],
    )
    return f"{text}still waiting: {result['left']}\n" if result["left"] else text


def _became(events: list[dict[str, str]]) -> str:
    return ", ".join(f"{one['alert'] or '-'} {one['change']}" for one in events)


def channel_list(result: Any) -> str:
    """One line a channel."""
    return table(
        ("channel", "type", "address", "pool", "breaker"),
        [(c["name"], c["type"], c["address"] or "room", c["pool"], (c["lane"] or {}).get("breaker")) for c in result],
    )


def probe_list(result: Any) -> str:
    """One line a probe."""
    return table(
        ("probe", "verdict", "since", "target", "last reading"),
        [
            (
                p["name"],
                p["verdict"],
                when(p.get("since")),
                p.get("target"),
                p.get("resting") or (p.get("reading") or {}).get("detail"),
            )
            for p in result
        ],
    )


def source_list(result: Any) -> str:
    """One line a source."""
    return table(
        ("source", "handler", "credentials", "samples", "what"),
        [(s["name"], s["handler"], ", ".join(s["credentials"]) or "none", len(s["samples"]), s["doc"]) for s in result],
    )


def trials(result: Any) -> str:
    """Each sample, or the body that was given, with its events."""
    text = ""
    for trial in result:
        text += f"{printable(trial['sample'] or 'the body')}: {lines(trial['problem']) or 'ok'}\n"
        if trial["note"]:
            text += f"  ! {lines(trial['note'])}{' (--body FILE)' if trial['events'] else ''}\n"
        for one in trial["events"]:
            key = f" (key {one['key']})" if one["key"] else ""
            about = f"  {pairs(one['labels'])}" if one["labels"] else ""
            text += f"  [{one['state']}, {one['severity']}] {printable(one['title'] + key + about)}\n"
        if trial["sent"]:
            text += f"  sent: {_became(trial['sent'])}\n"
    return text


def settings(result: Any) -> str:
    """The settings as JSON, which is YAML too."""
    return lines(json.dumps(result, ensure_ascii=False, indent=2)) + "\n"


def checked(result: Any) -> str:
    """Every problem and warning, then the verdict."""
    text = "".join(f"problem: {lines(problem)}\n" for problem in result["problems"])
    text += "".join(f"warning: {lines(warning)}\n" for warning in result["warnings"])
    return text + ("the configuration can be used\n" if result["usable"] else "the configuration cannot be used\n")


def reloaded(result: Any) -> str:
    """That it is in force, and what is doubtful in it."""
    return "".join(f"warning: {lines(warning)}\n" for warning in result["warnings"]) + "reloaded\n"


def level(result: Any) -> str:
    """The new level."""
    return f"logging from {result['level']} up\n"
