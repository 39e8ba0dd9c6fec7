"""The base of all commands: plain errors, and a quiet end."""

import os
import sys
from io import TextIOWrapper
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import translation

# 128 and the number of SIGPIPE, as shells report it.
_EXIT_STATUS_OF_CLOSED_PIPE = 141
# The storage of a command without --storage.
DEFAULT_STORAGE = "that of SHIFT_MEDIA_STORAGE"


def add_storage_argument(parser: CommandParser, *others: str, default: str) -> None:
    """Add ``--storage ALIAS``; ``default`` says which storage it is without the option."""
    parser.add_argument(
        *others,
        "--storage",
        dest="storage",
        metavar="ALIAS",
        help=f"alias of the media storage in STORAGES (default: {default})",
    )


def format_size(number: int) -> str:
    """Return a size such as "1.2 MB": in English, as all output, and in ASCII for any terminal."""
    with translation.override("en"):
        return filesizeformat(number).replace("\xa0", " ")


class TerminalCommand(BaseCommand):
    """
    A command for people at a terminal.

    A misspelled option prints the error, and not the usage before it. If nobody reads the output
    any more, as with ``| head``, the command exits without a traceback.
    """

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # argparse prints the usage before each error; --help still prints it.
        parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
        return parser

    def ask(self, question: str, *, without_terminal: bool = True) -> bool:
        """Ask a person for confirmation; ``without_terminal`` is the answer if nobody is there."""
        if not sys.stdin.isatty():
            return without_terminal
        self.stderr.write(question, self.style.WARNING, ending="")
        self.stderr.flush()
        try:
            return input().strip().lower() in {"y", "yes"}
        except (EOFError, KeyboardInterrupt):
            self.stderr.write("")
            return False

    def run_from_argv(self, argv: list[str]) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            # A terminal that cannot show a character must not end the command.
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes the output once more at exit, which would print another traceback:
            # https://docs.python.org/3/library/signal.html#note-on-sigpipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(_EXIT_STATUS_OF_CLOSED_PIPE)
