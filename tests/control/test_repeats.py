"""A request that is repeated with the same id is carried out once."""

from ports import Connect, Counter, Open, asked, request


def test_a_repeated_act_with_the_same_id_is_done_once(open_port: Open, connect: Connect, counter: Counter) -> None:
    client = connect(open_port())
    first = asked(client, request("act", "r-1", text="a"))
    assert asked(client, request("act", "r-1", text="a")) == first
    assert counter.acts == ["a"]


def test_the_same_id_from_another_client_is_another_request(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    port = open_port()
    asked(connect(port), request("act", 1, text="a"))
    asked(connect(port), request("act", 1, text="a"))
    assert counter.acts == ["a", "a"]


def test_a_client_that_names_itself_is_known_after_it_reconnects(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    port = open_port()
    first = asked(connect(port, name=b"script-7"), request("act", "r-1"))
    assert asked(connect(port, name=b"script-7"), request("act", "r-1")) == first
    assert counter.acts == [""]


def test_raise_resolve_raise_with_one_and_the_same_id_are_three_acts(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    client = connect(open_port())
    for text in ("raise", "resolve", "raise"):
        asked(client, request("act", 1, text=text))
    assert counter.acts == ["raise", "resolve", "raise"]


def test_reads_are_never_answered_from_memory(open_port: Open, connect: Connect, counter: Counter) -> None:
    client = connect(open_port())
    counter.gate.set()
    asked(client, request("wait", 1))
    counter.entered.clear()
    asked(client, request("wait", 1))
    assert counter.entered.is_set()
