"""End quietly when nobody reads the output any more, as with ``| head``."""

import os
import sys

from django.core.management.base import BaseCommand

# 128 and the number of SIGPIPE, as shells report it.
_EXIT_STATUS = 141


class QuietCommand(BaseCommand):
    """A command that exits without a traceback if its output is closed."""

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes the output once more at exit, which would print another traceback:
            # https://docs.python.org/3/library/signal.html#note-on-sigpipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(_EXIT_STATUS)
