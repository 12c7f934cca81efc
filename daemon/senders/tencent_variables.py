"""The variables of a Tencent template: a few characters each, without links and addresses."""

from collections.abc import Iterable

from daemon import fitting
from daemon.errors import TemplateError
from daemon.notice import Message, in_templates
from daemon.template import Template
from daemon.texts.brief import whole_code

NOTHING = "-"  # an empty variable may be refused
FEWEST = 6  # what every account may use
_LOOKED_AT = 4_096  # of a rendered text: one of a megabyte costs no more than one of a line


def rendered(templates: Iterable[Template], message: Message, most: int) -> tuple[list[str], list[str]]:
    """Each variable within its limit, and what was wrong with the templates.

    One that does not render says the message in brief.
    """
    values = in_templates(message)
    params, warnings = [], []
    for position, template in enumerate(templates):
        try:
            text = template.render(values)
        except TemplateError as error:
            warnings.append(f"template_params[{position}]: {error}")
            text = values["brief"](most)
        params.append(fitted(text, message.alert.code, most))
    return params, warnings


def shorter(params: Iterable[str], code: str, most: int) -> list[str]:
    """The same once more after they were refused: what every account may use, and then two thirds of that."""
    limit = max(1, min(FEWEST, most * 2 // 3))
    return [fitted(text, code, limit) for text in params]


def fitted(text: str, code: str, limit: int) -> str:
    """Plain words, cut between what people see as characters.

    Half of a short code would name another alarm: where it does not fit beside the rest, it stands alone.
    """
    plain = fitting.plain(text[:_LOOKED_AT])
    cut = fitting.begin(plain, limit).rstrip()
    if whole_code(plain, code) and not whole_code(cut, code):
        cut = next((one for one in (code, code[1:]) if len(one) <= limit), "")
    return cut or NOTHING
