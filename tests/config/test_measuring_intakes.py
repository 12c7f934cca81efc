"""What cannot be together in `redis_lists` and `scrapes` is refused, and no secret is quoted."""

from pathlib import Path

import pytest

from daemon import loading
from daemon.config.load import load
from daemon.errors import ConfigError

PLAIN = "receivers: [{name: nobody}]\nroute: {receiver: nobody}\n"
BAD = {
    "redis_lists: [{url: 'redis://:s3cret@a'}]": "holds credentials",
    "redis_lists: [{url: a}]": "is no address of a Redis",
    "redis_lists: [{url: 'redis://a', keys: []}]": "keys is empty",
    "redis_lists: [{url: 'redis://a', user: u}]": "without a password",
    "redis_lists: [{url: 'redis://a'}, {url: 'redis://a:6379/0'}]": "stands twice",
    "scrapes: [{url: 'http://a/'}]": "name: is missing",
    "scrapes: [{name: a, url: 'http://u:s3cret@a/'}]": "holds credentials",
    "scrapes: [{name: a, url: 'ftp://a/'}]": "is not a URL",
    "scrapes: [{name: a, url: 'http://a/'}, {name: a, url: 'http://b/'}]": "stands twice",
    "scrapes: [{name: a, url: 'http://a/', labels: {scrape: b}}]": "choose another label",
    "scrapes: [{name: a, url: 'http://a/', bearer: s3cret, basic: {user: u, password: s3cret}}]": "given twice",
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text(PLAIN + text)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "tocsin.yml", loading.catalog, {})
    told = "\n".join(refused.value.problems)
    assert BAD[text] in told
    assert "s3cret" not in told


def test_both_are_read(tmp_path: Path) -> None:
    text = "redis_lists: [{url: 'redis://a', apps: {'0x1': shop}}]\nscrapes: [{name: web, url: 'http://a/', every: 1m}]"
    (tmp_path / "tocsin.yml").write_text(PLAIN + text)
    settings = load(tmp_path / "tocsin.yml", loading.catalog, {}).settings
    assert settings.redis_lists[0].apps == {"0x1": "shop"}
    assert settings.scrapes["web"].every == 60
