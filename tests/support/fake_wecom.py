"""WeCom as far as tocsin meets it: the robots of group chats, and applications that write to people."""

import itertools
import json
import re
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fake_provider import Asked
from fake_vendor import Body, FakeVendor, main

KEY = "693a91f6-7a0c-4bc4-97a0-0ec2sifa5aaa"
CORP, SECRET, AGENT = "ww0123456789abcdef", "app-secret-0123456789", 1_000_002
LIFE = 7_200  # seconds of an access token
_SIZES = {"text": 2_048, "markdown": 4_096}
_CALLED = re.compile(r"<@([^>]+)>")
_COLOURED = re.compile(r"<font color=\"(\w+)\">")


class FakeWecom(FakeVendor):
    """Robots and applications; `people` is what each person got."""

    rates = ((20, 60.0),)

    def __init__(self, *, users: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(**more)
        self.people: dict[str, list[str]] = defaultdict(list)
        self.users = {user.lower(): user for user in users}
        self.tokens: dict[str, float] = {}  # until when each is good
        self._numbers = itertools.count(1)

    def answer(self, asked: Asked) -> tuple[int, Body]:
        parts = urlsplit(asked.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match asked.method, parts.path:
            case "POST", "/cgi-bin/webhook/send":
                return 200, self._webhook(query, asked.body)
            case "GET", "/cgi-bin/gettoken":
                return 200, self._gettoken(query)
            case "POST", "/cgi-bin/message/send":
                return 200, self._send(query, asked.body)
        return 404, {}

    def revoke(self) -> None:
        """What was given out is good no more."""
        self.tokens = dict.fromkeys(self.tokens, -1.0)

    def _webhook(self, query: dict[str, str], body: bytes) -> Body:
        if query.get("key") != KEY:
            return _no(93_000, "invalid webhook url")
        if not self.windows.take(self.now()):
            return _no(45_009, "api freq out of limit")
        said = json.loads(body)
        kind = said["msgtype"]
        content = said.get(kind, {}).get("content", "")
        problem = _problem(kind, content, _SIZES)
        if problem:
            return problem
        called = set(_CALLED.findall(content))
        if kind == "text":
            called |= {*said[kind].get("mentioned_list", []), *said[kind].get("mentioned_mobile_list", [])}
        self.room.append(content)
        self.called.append(called)
        return _no(0, "ok")

    def _gettoken(self, query: dict[str, str]) -> Body:
        if query.get("corpid") != CORP:
            return _no(40_013, "invalid corpid")
        if query.get("corpsecret") != SECRET:
            return _no(40_001, "invalid credential")
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = self.now() + LIFE
        return _no(0, "ok") | {"access_token": token, "expires_in": LIFE}

    def _send(self, query: dict[str, str], body: bytes) -> Body:
        until = self.tokens.get(query.get("access_token", ""))
        if until is None:
            return _no(40_014, "invalid access_token") if query.get("access_token") else _no(41_001, "missing")
        if until <= self.now():
            return _no(42_001, "access_token expired")
        said = json.loads(body)
        if said["agentid"] != AGENT:
            return _no(301_002, "no permission to operate specified agent")
        to = said["touser"].split("|")
        kind = said["msgtype"]
        content = said.get(kind, {}).get("content", "")
        problem = _problem(kind, content, dict.fromkeys(_SIZES, 2_048))
        if problem or len(to) > 1_000:
            return problem or _no(40_032, "too many users")
        known = [self.users[user.lower()] for user in to if user.lower() in self.users]
        if not known:
            return _no(81_013, "user & party & tag all invalid")
        for user in known:
            self.people[user].append(content)
        unknown = "|".join(user.lower() for user in to if user.lower() not in self.users)
        return _no(0, "ok") | {"invaliduser": unknown, "msgid": f"M{next(self._numbers)}"}


def _problem(kind: str, content: str, sizes: dict[str, int]) -> Body | None:
    if kind not in sizes:
        return _no(40_008, "invalid message type")
    if not content:
        return _no(44_004, "empty content")
    if len(content.encode()) > sizes[kind]:
        return _no(40_058, f"{kind}.content exceed max length {sizes[kind]}")
    if kind == "markdown" and not {*_COLOURED.findall(content)} <= {"info", "comment", "warning"}:
        return _no(40_058, "no such colour")
    return None


def _no(code: int, words: str) -> Body:
    return {"errcode": code, "errmsg": words}


if __name__ == "__main__":
    main(FakeWecom, __doc__)
