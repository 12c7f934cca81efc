"""How Telegram writes what settings name: a chat, a bot's token."""

import re

CHAT = re.compile(r"-?[0-9]{1,18}|@[A-Za-z0-9_]{5,32}")
TOKEN = re.compile(r"[0-9A-Za-z:_-]+")
