"""Errors of the command line: what is wrong, without the usage of the command before it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser


class PlainErrorsCommand(BaseCommand):
    """A command that prints the error first, and nothing else, if an option is misspelled."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # argparse prints the usage before each error; --help still prints it.
        parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
        return parser
