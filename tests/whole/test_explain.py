"""`tocsinctl explain` and `tocsinctl config replay` against a real daemon."""

import re
from pathlib import Path

import pytest

from daemon.cli.run import DONE, FAILED, main
from running import Tocsind, running
from until import until

CONFIG = """
sources: {shop: {handler: generic, map: {key: $.key, title: $.title, labels: {team: $.team}}}}
channels: {out: {type: console}}
receivers: [{name: ops, notify: [{by: [out]}]}, {name: quiet}]
route:
  receiver: ops
  group_by: ['...']
  group_wait: 0s
  group_interval: 0s
"""


def ctl(daemon: Tocsind, *words: str) -> int:
    return main(["--url", f"tcp://127.0.0.1:{daemon.zmq}", *words])


@pytest.mark.slow
def test_a_real_alarm_is_explained_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.yml"
    other.write_text(CONFIG + "  routes: [{matchers: ['team=\"db\"'], receiver: quiet}]\n")
    broken = tmp_path / "broken.yml"
    broken.write_text(CONFIG.replace("receiver: ops", "receiver: nobody"))
    with running(tmp_path, CONFIG) as daemon:
        for key in ("k1", "k2"):
            assert daemon.post("/webhook/shop", {"key": key, "title": f"till {key}", "team": "db"})[0] == 200

        def told() -> bool:
            assert ctl(daemon, "explain", "A1") == DONE
            return "the room out was told at" in capsys.readouterr().out

        until(told, within=10)
        assert ctl(daemon, "explain", "A1") == DONE
        story = capsys.readouterr().out
        assert re.search(r"try 1, .* after 0\.\d+ s: sent printed\n", story)
        assert "source shop through the handler generic from 127.0.0.1\n" in story
        assert ctl(daemon, "explain", "--labels", "team=net", "--severity", "info") == DONE
        assert "ops would be told at once: the room by out\n" in capsys.readouterr().out
        assert ctl(daemon, "config", "replay") == DONE
        assert capsys.readouterr().out.endswith("nothing would differ\n")
        assert ctl(daemon, "config", "replay", str(other), "--since", "1h") == FAILED
        assert "  2 alerts would be heard of by nobody any more\n" in capsys.readouterr().out
        assert ctl(daemon, "config", "replay", str(broken)) == FAILED
        assert "nobody" in capsys.readouterr().err
        daemon.stop()
