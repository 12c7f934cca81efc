"""Several files are one configuration; what stands in two of them is a problem that names both places."""

from collections.abc import Callable
from pathlib import Path

from daemon.config.load import Loaded

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

GOOD = """\
channels: {hall: {type: room}}
receivers: [{name: ops, notify: [{by: [hall]}]}]
route: {receiver: ops}
"""


def test_maps_and_lists_grow_together(load_text: Load, tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "b.yml").write_text("people: {wang: {}}\nreceivers: [{name: b, notify: [{by: [hall]}]}]\n")
    (tmp_path / "conf.d" / "a.yml").write_text("people: {lin: {}}\nlog: {level: debug}\nstore: sqlite:////a\n")
    (tmp_path / "conf.d" / "empty.yml").write_text("# nothing yet\n")
    (tmp_path / "conf.d" / "notes.txt").write_text("not yaml: [")
    loaded = load_text("include: conf.d/*.yml\nlog: {format: json}\npeople:\nstore:\n" + GOOD)
    found = loaded.settings
    assert list(found.people) == ["lin", "wang"]
    assert list(found.receivers) == ["ops", "b"]
    assert (found.log.level, found.log.format, found.store) == ("debug", "json", "sqlite:////a")
    assert "conf.d/a.yml:1: people.lin: no receiver uses it" in loaded.warnings


def test_what_stands_twice_names_both_places(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("channels:\n  hall: {type: room}\nroute: {receiver: ops}\nstore: sqlite:////a\n")
    (tmp_path / "b.yml").write_text("receivers: [{name: ops}]\nstore: sqlite:////b\nlisten: []\n")
    assert problems_of("include: [a.yml, b.yml]\nlisten: {}\n" + GOOD) == [
        "a.yml:2: channels.hall: stands twice; first at tocsin.yml:3",
        "a.yml:3: route.receiver: stands twice; first at tocsin.yml:5",
        "b.yml:1: receivers.ops: stands twice; first at tocsin.yml:4",
        "b.yml:2: store: stands twice; first at a.yml:4",
        "b.yml:3: listen: stands twice; first at tocsin.yml:2",
    ]


def test_a_problem_in_an_included_file_has_its_place_there(problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("\n\nlog: {level: loud}\n")
    (tmp_path / "b.yml").write_text("x: [\n")
    assert problems_of("include: a.yml\n" + GOOD) == [
        'a.yml:3: log.level: "loud" is not one of debug, info, warning, error'
    ]
    (problem,) = problems_of("include: [a.yml, b.yml]\n" + GOOD)
    assert problem.startswith("b.yml:2: cannot be read as YAML: ")


def test_a_pattern_may_match_nothing_but_a_name_must_be_there(
    load_text: Load, problems_of: Problems, tmp_path: Path
) -> None:
    assert (
        load_text("include: [conf.d/*.yml, '${D}/x*.yml']\n" + GOOD, D=str(tmp_path)).settings.route.receiver == "ops"
    )
    (tmp_path / "folder").mkdir()
    assert problems_of("include: [gone.yml, {a: b}, '${NONE}', 'a\\0*']\n" + GOOD)[:1] == [
        "tocsin.yml:1: include: must be a file or a list of files, for example [conf.d/*.yml]"
    ]
    assert problems_of("include: [gone.yml]\n" + GOOD) == ['tocsin.yml:1: include: there is no file "gone.yml"']
    assert problems_of("include: ['${NONE}']\n" + GOOD) == [
        "tocsin.yml:1: include: the environment variable NONE is not set; set it, or write ${NONE:-otherwise}"
    ]
    assert problems_of("include: [folder]\n" + GOOD) == ["tocsin.yml:1: folder is not a file"]
    assert problems_of('include: ["a\\0b"]\n' + GOOD) == ['tocsin.yml:1: include: there is no file "a\\x00b"']


def test_files_are_read_once_and_never_in_circles(load_text: Load, problems_of: Problems, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("receivers: [{name: a, notify: []}]\n")
    loaded = load_text("include: [a.yml, '*.yml', tocsin.yml]\n" + GOOD)  # a second reading would name them twice
    assert list(loaded.settings.receivers) == ["ops", "a"]
    (tmp_path / "a.yml").write_text("include: b.yml\n")
    assert problems_of("include: a.yml\n" + GOOD) == [
        "a.yml:1: include: an included file cannot include others; name them in the main file"
    ]


def test_too_many_files_are_refused(problems_of: Problems, tmp_path: Path) -> None:
    for number in range(201):
        (tmp_path / f"x{number}.yml").write_text("")
    assert problems_of("include: x*.yml\n" + GOOD) == ["tocsin.yml:1: include: names 201 files; at most 200 are read"]
