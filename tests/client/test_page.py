"""The examples of the client's page work as they stand there."""

from ear import Ear
from pages import blocks, run
from tree import ROOT

MORE = (
    "",
    "import asyncio\nprices(); asyncio.run(fetch()); session(); list(rows())",
    "assert app.test_client().get('/orders/7').text == 'order 7'",
)


def test_the_examples(ear: Ear) -> None:
    numbers, functions, views = blocks("measuring/client.md", "python")
    heard = []
    for example, more in zip((numbers, functions, views), MORE, strict=True):
        run(f"{example}\n{more}", {}, PYTHONPATH=str(ROOT / "client"), TOCSIN_STATSD=ear.address)
        heard.append([line.partition(":")[0] for line in ear.rest()])
    assert heard == [
        ["orders", "orders", "queue", "rows", "visitors", "import", "import"],
        ["resource.time", "function.time", "resource.time", "import", "resource.time", "function.time"],
        ["http.time"],
    ]
