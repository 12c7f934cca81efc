"""Who may come in, decided without a door."""

import pytest

from daemon.config.sentry import Project, Sentry
from daemon.secret import Secret
from daemon.sentry import access
from daemon.sentry.access import Target, Told
from reporting import KEY, SHOP

SETTINGS = Sentry(projects={"shop": SHOP, "blog": Project(id=7, key=Secret("another"))})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/42/envelope/", Target(42, is_store=False)),
        ("/api/42/envelope", Target(42, is_store=False)),
        ("/a/b/api/042/store/", Target(42, is_store=True)),
        ("/api/9/api/42/envelope/", Target(42, is_store=False)),
        ("/api/42/envelope//", None),
        ("/api/42/", None),
        ("/api/x/envelope/", None),
        ("/api/٤٢/envelope/", None),
        ("/api/99999999999999999999/envelope/", None),
        ("/api/v2/alerts", None),
        ("", None),
    ],
)
def test_addresses(path: str, expected: Target | None) -> None:
    assert access.target(path) == expected


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"x-sentry-auth": f"Sentry sentry_timestamp=1,sentry_version=6,  sentry_key={KEY},sentry_secret=s"}, {}, 200),
        ({"x-sentry-auth": f"sentry sentry_key={KEY}"}, {}, 200),
        ({"x-sentry-auth": f"Sentry sentry_version=7, sentry_key = {KEY} , sentry_client=x/1"}, {}, 200),
        ({"authorization": f"Sentry sentry_key={KEY}"}, {}, 200),
        ({}, {"sentry_key": KEY}, 200),
        ({"authorization": "Bearer other"}, {"sentry_key": KEY}, 200),
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}"}, {"sentry_key": KEY}, 200),
        ({}, {}, 401),
        ({"x-sentry-auth": "Sentry sentry_version=7"}, {"sentry_key": ""}, 401),
        ({"x-sentry-auth": f"Basic sentry_key={KEY}"}, {}, 401),
        ({"x-sentry-auth": "Sentry sentry_key=another"}, {}, 403),  # another project's
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}x"}, {}, 403),
        ({"x-sentry-auth": f"Sentry sentry_key={KEY}"}, {"sentry_key": "another"}, 403),
        ({"authorization": "Sentry sentry_key=another"}, {"sentry_key": KEY}, 403),
        ({"x-sentry-auth": "Sentry sentry_key=\xff\xfe"}, {}, 403),
        ({"x-sentry-auth": "Sentry " + "sentry_key=," * 9_000}, {}, 401),
    ],
)
def test_keys(headers: dict[str, str], query: dict[str, str], status: int) -> None:
    found = access.opens(SETTINGS, 42, access.given(headers, query))
    assert (found.status if isinstance(found, Told) else 200) == status
    if not isinstance(found, Told):
        assert found == ("shop", SHOP)
