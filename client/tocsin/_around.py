"""Puts a measure around functions of every kind; they stay what they are to whoever calls them."""

from __future__ import annotations

import functools
import inspect
from typing import Any, AsyncGenerator, Callable, Generator, Protocol

Function = Callable[..., Any]


class Call(Protocol):
    """One call of a function, from its begin."""

    def over(self, result: object, error: BaseException | None) -> None:
        """Tell how long it took. What is no `Exception` (a cancelled task, the end of the program) is no failure."""


Begin = Callable[[], Call]


def wrapped(function: Function, begin: Begin) -> Any:
    """Wrap it: each call begins with `begin`, and ends with `over`."""
    if inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, begin)
    elif inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, begin)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, begin)
    else:
        wrapper = _function(function, begin)
    return functools.wraps(function)(wrapper)


def _function(function: Function, begin: Begin) -> Function:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.over(None, error)
            raise
        call.over(result, None)
        return result

    return wrapper


def _coroutine(function: Function, begin: Begin) -> Function:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = begin()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            call.over(None, error)
            raise
        call.over(result, None)
        return result

    return wrapper


def _generator(function: Function, begin: Begin) -> Function:
    """From the call to the last value: which route it serves must be asked before the request is gone."""

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return _to_the_end(function(*args, **kwargs), begin())

    return wrapper


def _to_the_end(generator: Generator[Any, Any, Any], call: Call) -> Generator[Any, Any, Any]:
    try:
        result = yield from generator
    except BaseException as error:
        call.over(None, error)
        raise
    call.over(None, None)
    return result


def _async_generator(function: Function, begin: Begin) -> Function:
    def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        return _to_the_async_end(function(*args, **kwargs), begin())

    return wrapper


async def _to_the_async_end(generator: AsyncGenerator[Any, Any], call: Call) -> AsyncGenerator[Any, Any]:
    try:
        step = generator.asend(None)
        while True:
            try:
                value = await step
            except StopAsyncIteration:
                break
            try:
                step = generator.asend((yield value))
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as thrown:  # noqa: BLE001 - it is meant for the generator within
                step = generator.athrow(thrown)
    except BaseException as error:
        call.over(None, error)
        raise
    call.over(None, None)
