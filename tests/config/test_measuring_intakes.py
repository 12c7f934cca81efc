"""What cannot be together in `redis_lists` and `scrapes` is refused, and no secret is quoted."""

from pathlib import Path

import pytest

from daemon import loading
from daemon.config.load import load
from daemon.errors import ConfigError

PLAIN = "receivers: [{name: nobody}]\nroute: {receiver: nobody}\n"
RULED = "scrapes: [{{name: a, url: 'http://a/', rules: [{}]}}]"
HOT = "{name: hot, expr: 'max(temp) over 1m', above: 3}"
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
    RULED.format("{name: hot, expr: 'max(temp)', above: 3}"): "over",
    RULED.format("{name: hot, expr: 'max(temp{scrape=b}) over 1m', above: 3}"): "leave out the label scrape",
    RULED.format("{name: 'a b', expr: 'max(temp) over 1m', above: 3}"): "no spaces",
    RULED.format("{name: hot, expr: 'max(temp) over 1m', above: 3, active: [night]}"): "there is no time interval",
    f"{RULED.format(HOT)}\nrules: [{HOT}]": "the name is taken by rules.hot",
    f"{RULED.format(HOT)[:-1]}, {{name: b, url: 'http://b/', rules: [{HOT}]}}]": (
        "the name is taken by a rule of the scrape a"
    ),
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


def test_a_rule_of_a_scrape_is_one_of_all_about_its_series_alone(tmp_path: Path) -> None:
    more = "{name: errors, expr: 'rate(bad{code=\"5\"}) / rate(all) by (code) over 1m', above: 5%}"
    (tmp_path / "tocsin.yml").write_text(f"{PLAIN}{RULED.format(f'{HOT}, {more}')}\nrules: [{HOT.replace('hot', 'b')}]")
    rules = load(tmp_path / "tocsin.yml", loading.catalog, {}).settings.rules
    assert {name: str(rule.expr) for name, rule in rules.items()} == {
        "b": "max(temp) over 1m",
        "hot": 'max(temp{scrape="a"}) over 1m',
        "errors": 'rate(bad{scrape="a",code="5"}) / rate(all{scrape="a"}) by (code) over 1m',
    }
