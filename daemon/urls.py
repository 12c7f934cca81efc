"""URLs as people write them into settings, taken apart without ever showing them."""

from urllib.parse import SplitResult, urlsplit

from daemon.secret import Secret

DEFAULT_PORT = {"http": 80, "https": 443}


def host_port(host: str, port: int | str) -> str:
    """Both in one, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_url(url: str | Secret) -> None:
    """Refuse what is no http(s) URL; the ValueError does not show it."""
    split(url.reveal() if isinstance(url, Secret) else url)


def split(url: str) -> tuple[SplitResult, str]:
    """Check that it is an http(s) URL, with space around it or not; return its parts, and its host as DNS knows it."""
    url = url.strip()
    problem = "is not a URL: write for example https://alarms.example.com/hook"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        name = host if ":" in host else host.encode("idna").decode()
    except ValueError:
        raise ValueError(problem) from None  # its own words would show the URL
    if parts.scheme not in DEFAULT_PORT or not name or not url.isprintable() or " " in url:
        raise ValueError(problem)
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has a port that is not a number from 1 to 65535") from None
    return parts, name
