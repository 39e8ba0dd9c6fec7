"""
Generate the page of the management commands from their parsers.

Run ``python docs/commands.py > docs/reference/commands.rst``; a test compares the two.
"""

import re
import textwrap
from argparse import Action
from collections.abc import Iterator

import django
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

_WIDTH = 100
_TITLE = "Management commands"
_INTRODUCTION = """\
All commands also accept the options of every Django command, such as ``--settings`` and
``--traceback``. These pages show how to use them:

- :doc:`/howto/bucket`: ``configure_media_bucket``
- :doc:`/howto/https`: ``configure_media_cdn``
- :doc:`iam`: ``media_iam_policy``
- :doc:`/howto/diagnose`: ``check_media``
- :doc:`/explanation/costs`: ``media_costs``
- :doc:`/howto/maintenance`: ``media_report``, ``warm_media``, ``clear_media_resizes``,
  ``clean_media_orphans`` and ``copy_media``
- :doc:`/howto/erase`: ``erase_media``
- :doc:`/howto/video`: ``retry_media_video``
- :doc:`/howto/video-mediaconvert`: ``configure_media_video``
- :doc:`/howto/move-from-imagefield`: ``import_media``, ``export_media`` and
  ``find_old_media_urls``
"""


def page() -> str:
    lines = [_TITLE, "=" * len(_TITLE), "", _INTRODUCTION]
    for name in sorted(name for name, app in get_commands().items() if app == "django_shift_media"):
        lines += section(name, load_command_class("django_shift_media", name))
    return "\n".join(lines)


def section(name: str, command: BaseCommand) -> Iterator[str]:
    parser = command.create_parser("manage.py", name)
    of_django = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    actions = [action for action in parser._actions if action.dest not in of_django]
    yield from (name, "-" * len(name), "", textwrap.fill(str(command.help), _WIDTH), "")
    needed = " ".join(written(action) for action in actions if action.required)
    yield from ("::", "", f"    python manage.py {name} {needed}".rstrip(), "")
    yield from table([(f"``{written(action)}``", explained(action)) for action in actions])
    yield ""


def written(action: Action) -> str:
    """Return an option, or an argument, as it is typed: ``--to ALIAS``."""
    value = str(action.metavar or action.dest.upper()) if action.nargs != 0 else ""
    shown = {"*": f"[{value} …]", "+": f"{value} …", "?": f"[{value}]"}
    value = shown.get(str(action.nargs), value)
    return f"{', '.join(action.option_strings)} {value}".strip()


def explained(action: Action) -> str:
    parts = [action.help or ""]
    if action.choices:
        parts.append(f"one of {', '.join(map(str, action.choices))}")
        if action.default and not action.required and "default:" not in parts[0]:
            parts.append(f"default: {action.default}")
    text = "; ".join(part for part in parts if part)
    return re.sub(r"https?://[^\s,;)]+", r"``\g<0>``", text)


def table(rows: list[tuple[str, str]]) -> Iterator[str]:
    first = max(len(left) for left, _ in rows)
    border = f"{'=' * first} {'=' * (_WIDTH - first - 1)}"
    yield border
    for left, right in rows:
        for line in textwrap.wrap(right, _WIDTH - first - 1):
            yield f"{left:<{first}} {line}"
            left = ""
    yield border


if __name__ == "__main__":
    settings.configure(INSTALLED_APPS=["django_shift_media"])
    django.setup()
    print(page(), end="")  # noqa: T201
