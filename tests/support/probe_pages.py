"""The examples on the pages of the probes, loaded as they stand there."""

from pathlib import Path

from daemon.config.load import load
from daemon.loading import catalog
from daemon.reading import Looks

DOCS = Path(__file__).parents[2] / "docs" / "probes"
REST = """
channels: {console: {type: console}}
receivers: [{name: ops, notify: [{by: [console]}]}]
route: {receiver: ops}
"""


def shown_on_the_page(kind: str, home: Path, **environ: str) -> dict[str, Looks]:
    """The probes that the page's first example makes, by name; `home` stands for /etc/tocsin."""
    example = (DOCS / f"{kind}.md").read_text().split("```yaml\n")[1].split("```")[0]
    file = home / "tocsin.yml"
    file.write_text(example.replace("/etc/tocsin/", f"{home}/") + REST)
    return {name: plan.probe for name, plan in load(file, catalog, environ).settings.probes.items()}
