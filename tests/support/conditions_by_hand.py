"""What a kind of probe could say, and readings of it."""

from typing import Any

from daemon.conditions.condition import Condition
from daemon.conditions.holding import failures
from daemon.conditions.parse import parse
from daemon.conditions.seen import Seen
from daemon.reading import Fact, Health, Reading

GIVES = {
    "time": Fact("the whole look", "seconds", ideal=0.0),
    "time.connect": Fact("the phase connect", "seconds", ideal=0.0),
    "status": Fact("the code", ideal=200),
    "cert.days": Fact("days until it ends", "days"),
    "body": Fact("what came", "text"),
    "body.size": Fact("its size", "bytes"),
    "header": Fact("a header", "text", keyed=True),
    "loss": Fact("lost packets", "percent", ideal=0),
    "perfdata": Fact("a value of a plug-in", keyed=True),
    "answers": Fact("addresses", "list"),
    "secure": Fact("whether it is", "flag", ideal=True),
}

GOOD = """\
status == 200
status==200
  status   !=  500
status in 200-299
status in 200-299, 304
status in [200, 204, 300-308]
status in (200)
status not in 500-599
status exists
time < 2s
time < 1m30s
time<300ms
time <= 0.5s
time > 0
time.connect < 300ms
cert.days > 14
cert.days > 14d
cert.days >= 48h
cert.days in 10-20
cert.days? > 14
perfdata? "load1" < 4
json? "$.x" == 5
body ~ "checkout"
body !~ "error"
body ~ '"state":\\s*"ok"'
body ~ "a \\"quoted\\" word"
body has "v1.2 (stable)"
body not has "Traceback"
body == "pong"
length body > 100
body.size > 10KB
body.size in 1KB-2MB
body.size < 1000
header "Content-Type" ~ "json"
header "X-Backend" exists
header "Server" not exists
header "Content-Length" > 100
header "X-Env" in "prod", "staging"
loss < 20%
loss < 20
loss <= 0.5%
loss == 0
perfdata "load1" < 4
perfdata 'load average' < 4.5
perfdata "drift" > -0.5
perfdata "drift" in -5--1
answers has "1.2.3.4"
answers not has "6.6.6.6"
answers exists
any answers ~ "^10\\."
all answers in "1.2.3.4", "1.2.3.5"
length answers >= 2
secure == true
secure != false
json "$.ok" == true
json "$.ok" == True
json "$.error" == null
json "$.name" == "shop"
json "$.name" ~ "^shop"
json "$.name" == 'it is "quoted"'
json "$.load" in 0-0.8
json "$.state" in "up", "ok", 1, true, null
json "$['odd key'].x[0]" != 5
json "$.x" exists
json "$.x" not exists
json "$.x?" == 5
json "$.tags" has "x"
length json "$.items" > 3
length json "$.items[*].id" in 1-5
any json "$.s[*].state" == "up"
all json "$.s[*].ok" == true
any json "$.s[*].tags" has "x"
json "$.s[*].ok" exists
time < 2s from guangdong-telecom
json "$.ok" == true from node.one
answers exists from a""".splitlines()


class Ask:
    """Reads conditions of that kind, and asks them."""

    def condition(self, text: str) -> Condition:
        return parse(text, GIVES, "http")

    def said(self, text: str, reading: Reading, node: str = "") -> str:
        """What is said of one condition; empty when it holds."""
        return "".join(failures([self.condition(text)], Seen(reading), node))

    def of(self, text: str, body: bytes = b"", health: Health = Health.UP, **values: Any) -> str:
        """What is said of it, without the condition itself; a double underscore in a name is a dot."""
        phases = {name.removeprefix("time__"): values.pop(name) for name in list(values) if name.startswith("time__")}
        named = {name.replace("__", "."): value for name, value in values.items()}
        said = self.said(text, Reading(health=health, detail="", phases=phases, values=named, body=body))
        return said.removeprefix(f"{text}: ")
