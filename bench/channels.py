"""The channels through which most is sent, each beside a bare pool of `requests` that posts as much."""

from measure import LOAD, aim, drained, figures, free_port, median, process, show, table

ROUNDS = 3
LATENCY = 0.1
POOL = 100
MESSAGES = 4_000
PEOPLE = 20  # of one request
AIM = 0.4  # of the processor time that the bare pool takes
FAKES = {"aliyun_sms": "bench/provider.py", "wecom_robot": "bench/provider.py", "smtp": "bench/mail_server.py"}
SIZES = {"aliyun_sms": 300, "wecom_robot": 500, "smtp": 2_000}  # bytes of one message, as the fakes see them
MANY = f"aliyun_sms, {PEOPLE} people a request"

Rounds = list[dict[str, float]]


def main() -> None:
    """Every channel in turn with the pool that it is compared to, several rounds."""
    seen: dict[str, tuple[Rounds, Rounds]] = {name: ([], []) for name in (*FAKES, MANY)}
    web, mail = free_port(), free_port()
    delay = str(LATENCY * 1000)
    with (
        process("bench/provider.py", str(web), delay, cpu=LOAD, port=web),
        process("bench/mail_server.py", str(mail), delay, cpu=LOAD, port=mail),
    ):
        for _ in range(ROUNDS):
            for kind in FAKES:
                ours, bare = seen[kind]
                ours.append(drained(kind, POOL, MESSAGES, mail if kind == "smtp" else web))
                bare.append(figures("bench/pool.py", *map(str, (POOL, MESSAGES, web, SIZES[kind]))))
            seen[MANY][0].append(drained("aliyun_sms", POOL, MESSAGES // PEOPLE, web, PEOPLE))
            seen[MANY][1].append(seen["aliyun_sms"][1][-1])
    show("channels", report(seen))


def cpu(rounds: Rounds) -> float:
    """Microseconds of processor time for one message, the middle of the rounds."""
    return median([one["cpu"] / one["messages"] * 1e6 for one in rounds])


def rate(rounds: Rounds) -> float:
    """Messages per second, the middle of the rounds."""
    return median([one["messages"] / one["seconds"] for one in rounds])


def report(seen: dict[str, tuple[Rounds, Rounds]]) -> str:
    """Medians of the rounds; the ratio is that of neighbours in time."""
    head = [
        "channel",
        "messages/s",
        "CPU µs/message",
        "bare pool, messages/s",
        "bare pool, CPU µs/message",
        "CPU ratio",
    ]
    rows, worst = [], 0.0
    for name, (ours, bare) in seen.items():
        ratio = median([cpu([one]) / cpu([other]) for one, other in zip(ours, bare, strict=True)])
        worst = max(worst, ratio)
        rows.append(
            [name, *(f"{value:.0f}" for value in (rate(ours), cpu(ours), rate(bare), cpu(bare))), f"{ratio:.2f}"]
        )
    return table(head, rows) + aim(
        f"at most {AIM} of the bare pool's processor time for each message, outbox and texts included",
        f"{worst:.2f} at the worst",
        reached=worst <= AIM,
    )


if __name__ == "__main__":
    main()
