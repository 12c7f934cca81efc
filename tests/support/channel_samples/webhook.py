"""Any HTTP server."""

from channel_samples import CANARY, Sample
from daemon.secret import Secret
from fake_provider import say

SAMPLE = Sample(
    settings=lambda url: {
        "url": Secret(url.replace("://", f"://user:{CANARY}@") + f"/hook/{CANARY}?token={CANARY}"),
        "secret": Secret(CANARY),
        "headers": {"X-Key": Secret(CANARY)},
    },
    yes=say(200),
    no=say(422, b'{"error": "not like this"}'),
    yes_is_status=True,
)
