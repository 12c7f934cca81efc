"""Completion for the shell, made from the table of commands."""

from daemon.cli.arguments import GLOBAL, LOCAL
from daemon.cli.command import Arg
from daemon.cli.commands import COMMANDS

_SCRIPT = """\
# tocsinctl completion for bash: source it, or put it into /etc/bash_completion.d/tocsinctl
_tocsinctl() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" words=() word skip=
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        if [ -n "$skip" ]; then skip=; continue; fi
        case "$word" in
            {valued}) skip=1 ;;
            -*) ;;
            *) words+=("$word") ;;
        esac
    done
    local known=
    case "${{words[*]}}" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$known" -- "$current"))
}}
complete -F _tocsinctl tocsinctl
"""


def bash() -> str:
    """Write the script."""
    tree: dict[str, list[str]] = {"": []}
    for words in [*(one.words for one in COMMANDS), *LOCAL]:
        first, _, second = words.partition(" ")
        if first not in tree[""]:
            tree[""].append(first)
        if second:
            tree.setdefault(first, []).append(second)
    cases = [f'        "{words}") known="{" ".join(names)}" ;;' for words, names in tree.items()]
    cases += [f'        "{words}"*) known="{" ".join(_words(args))}" ;;' for words, args in _commands()]
    return _SCRIPT.format(valued="|".join(sorted(_valued())), cases="\n".join(cases))


def _commands() -> list[tuple[str, tuple[Arg, ...]]]:
    return [
        *((one.words, one.args + one.more) for one in COMMANDS),
        *((name, args) for name, (_, args) in LOCAL.items()),
    ]


def _words(args: tuple[Arg, ...]) -> list[str]:
    """What may come after a command: its choices, its options, and those of all commands."""
    choices = [choice for one in args if not one.flags for choice in one.options.get("choices", ())]
    return choices + [flag for one in (*args, *GLOBAL) for flag in one.flags]


def _valued() -> set[str]:
    """The options that take the next word for their value."""
    everything = [*GLOBAL, *(one for _, args in _commands() for one in args)]
    return {
        flag
        for one in everything
        if "action" not in one.options or one.options["action"] == "append"
        for flag in one.flags
    }
