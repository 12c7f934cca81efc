"""A probe is known again after a restart: by its settings, whatever process reads them, and by no secret."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from daemon.history import same
from daemon.probes.http import Http
from daemon.secret import Secret
from daemon.units import Seconds
from probes_by_hand import plan

ROOT = Path(__file__).parents[2]
CONFIG = """
channels: {log: {type: console}}
receivers: [{name: ops, notify: [{by: [log]}]}]
route: {receiver: ops}
time_intervals: [{name: office, time_intervals: [{weekdays: [monday], location: Europe/Berlin}]}]
probes:
  shop: {type: http, url: "https://shop.example.com/", cron: "*/5 * * * *", timezone: Asia/Shanghai, active: [office],
         down: ['status == 200', 'body ~ "a|b"', 'json "$.ok" == true'], degraded: ['time.connect < 300ms'],
         labels: {b: x, a: y}, slo: 99.9%, fail_after: 3 of 5}
  names: {type: dns, name: shop.example.com, expect: [203.0.113.7, 203.0.113.8]}
  log: {type: log, path: /var/log/x.log, match: ['ERROR|FATAL']}
"""
READ = """
import sys
from pathlib import Path
from daemon import loading
from daemon.config.load import load
from daemon.history import same
for plan in load(Path(sys.argv[1]), loading.catalog, {}).settings.probes.values():
    print(plan.name, same.settings(plan), same.target(plan))
"""


def test_the_same_settings_are_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text(CONFIG)
    said = [
        subprocess.run(
            [sys.executable, "-c", READ, str(tmp_path / "tocsin.yml")],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 3
    assert len({digest for line in said[0].splitlines() for digest in line.split()[1:]}) == 6


def test_whatever_is_set_otherwise_is_other_but_a_secret() -> None:
    shop = plan("shop")
    for change in ({"every": Seconds(5)}, {"labels": {"a": "b"}}, {"steady": Seconds(1)}, {"type": "x"}):
        assert same.settings(replace(shop, **change)) != same.settings(shop)  # type: ignore[arg-type]
    assert same.settings(replace(shop)) == same.settings(shop)
    one, other = (replace(shop, probe=Http(url="https://x/", bearer=Secret(word))) for word in ("old", "new"))
    assert same.settings(one) == same.settings(other)
