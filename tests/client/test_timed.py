"""Functions of every kind, and resources."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Generator, Iterator

import pytest

import tocsin
from ear import Ear


def told(ear: Ear, count: int = 1) -> list[str]:
    """Lines without the time that was measured."""
    found = []
    for line in ear.lines(count):
        name, value = line.split(":", 1)
        number, rest = value.split("|", 1)
        assert float(number) >= 0
        found.append(f"{name}|{rest}")
    return found


def test_bare_and_with_arguments(ear: Ear) -> None:
    @tocsin.timed
    def bare(a: int, *, b: int = 2) -> int:
        """What it does."""
        return a + b

    @tocsin.timed("import", tags={"team": "shop"})
    def named() -> str:
        return "done"

    @tocsin.perf_logging()
    def empty() -> None:
        pass

    assert (bare(1), bare(1, b=5), named()) == (3, 6, "done")
    empty()
    mine = f"function.time|ms|#app:shop,function:{__name__}.test_bare_and_with_arguments.<locals>."
    assert told(ear, 4) == [f"{mine}bare", f"{mine}bare", "import|ms|#app:shop,team:shop", f"{mine}empty"]
    assert (bare.__name__, bare.__doc__, inspect.signature(bare).parameters.keys()) == (
        "bare",
        "What it does.",
        {"a", "b"},
    )


def test_errors_go_through_and_are_counted(ear: Ear) -> None:
    @tocsin.timed("job")
    def fails() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        fails()
    assert told(ear, 2) == ["job|ms|#app:shop", "job.errors|c|#app:shop"]


def test_what_ends_the_program_is_no_error_of_the_function(ear: Ear) -> None:
    @tocsin.timed("job")
    def ends() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        ends()
    assert told(ear) == ["job|ms|#app:shop"]
    assert ear.rest() == []


def test_methods_of_every_kind(ear: Ear) -> None:
    class Shop:
        @tocsin.timed("own")
        def own(self) -> str:
            return type(self).__name__

        @tocsin.timed("cls")
        @classmethod
        def cls(cls) -> str:
            return cls.__name__

        @staticmethod
        @tocsin.timed("static")
        def static() -> int:
            return 1

    assert (Shop().own(), Shop.cls(), Shop().static()) == ("Shop", "Shop", 1)
    assert [one.partition("|")[0] for one in told(ear, 3)] == ["own", "cls", "static"]
    assert tocsin.timed(Shop) is Shop  # a class stays one
    assert tocsin.timed(5) == 5  # type: ignore[call-overload]


def test_coroutines(ear: Ear) -> None:
    @tocsin.timed("fetch")
    async def fetch(*, fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise LookupError
        return 7

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(fetch(fails=False)) == 7
    with pytest.raises(LookupError):
        asyncio.run(fetch(fails=True))
    assert told(ear, 3) == ["fetch|ms|#app:shop", "fetch|ms|#app:shop", "fetch.errors|c|#app:shop"]


def test_a_cancelled_coroutine_is_no_error(ear: Ear) -> None:
    @tocsin.timed("fetch")
    async def fetch() -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(fetch(), 0.01)

    asyncio.run(cancel())
    assert told(ear) == ["fetch|ms|#app:shop"]
    assert ear.rest() == []


def test_generators_to_their_last_value(ear: Ear) -> None:
    @tocsin.timed("rows")
    def rows() -> Generator[int, int, str]:
        sent = yield 1
        yield sent * 2
        return "end"

    def outer() -> Iterator[int | str]:
        result = yield from generator
        yield result

    generator = rows()
    assert ear.rest() == []
    whole = outer()
    assert next(whole) == 1
    assert whole.send(21) == 42  # type: ignore[attr-defined]
    assert next(whole) == "end"
    assert told(ear) == ["rows|ms|#app:shop"]
    given_up = rows()
    next(given_up)
    given_up.close()
    assert told(ear) == ["rows|ms|#app:shop"]
    broken = rows()
    next(broken)
    with pytest.raises(KeyError):
        broken.throw(KeyError())
    assert told(ear, 2) == ["rows|ms|#app:shop", "rows.errors|c|#app:shop"]


def test_asynchronous_generators_take_what_is_sent_and_thrown(ear: Ear) -> None:
    @tocsin.timed("rows")
    async def rows() -> AsyncGenerator[int, int]:
        sent = yield 1
        try:
            yield sent * 2
        except KeyError:
            yield -1

    async def walk() -> list[int]:
        generator = rows()
        found = [await generator.asend(None), await generator.asend(21)]  # type: ignore[arg-type]
        found.append(await generator.athrow(KeyError()))
        with pytest.raises(StopAsyncIteration):
            await generator.asend(0)
        half = rows()
        await half.asend(None)  # type: ignore[arg-type]
        await half.aclose()
        return [*found, *[one async for one in rows()][:1]]

    with pytest.raises(TypeError):  # what the last one was sent is None, and its error is its own
        asyncio.run(walk())
    assert told(ear, 4)[-1] == "rows.errors|c|#app:shop"


def test_a_resource_as_tocsin_has_it(ear: Ear) -> None:
    with tocsin.resource("db", "orders"):
        pass
    with pytest.raises(LookupError), tocsin.resource("cache", "sessions", {"node": 1}):
        raise LookupError

    @tocsin.resource("http.client", "https://pay.example.com")
    def pay() -> int:
        return 1

    @tocsin.resource("queue", "mails")
    async def push() -> int:
        async with tocsin.resource("db", "mails"):
            return 2

    assert (pay(), asyncio.run(push())) == (1, 2)
    assert told(ear, 6) == [
        "resource.time|ms|#app:shop,type:db,resource:orders",
        "resource.time|ms|#app:shop,node:1,type:cache,resource:sessions",
        "resource.errors|c|#app:shop,node:1,type:cache,resource:sessions",
        "resource.time|ms|#app:shop,type:http.client,resource:https://pay.example.com",
        "resource.time|ms|#app:shop,type:db,resource:mails",
        "resource.time|ms|#app:shop,type:queue,resource:mails",
    ]


def test_thousands_of_names_do_not_fill_the_memory(ear: Ear) -> None:
    from tocsin import _way  # noqa: PLC0415 - the only test that looks inside

    for number in range(3_000):
        with tocsin.resource("db", f"table_{number}"):
            pass
    assert len(_way.current.way._endings) <= 1_000
    ear.rest()
