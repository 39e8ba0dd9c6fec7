"""``python -m benchmarks MEASUREMENT``: see ``--help``, and that of each."""

import argparse
import importlib
import os
import sys
from pathlib import Path

MEASUREMENTS = ("page", "first-view", "second-view", "stampede", "backfill")
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    folders = [str(ROOT), str(ROOT / "testproject")]
    sys.path[:0] = folders
    # For the processes that are started from here.
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")

    import django

    django.setup()

    from benchmarks.tables import report

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build", "benchmarks"))
    commands = parser.add_subparsers(dest="measurement", required=True)
    modules = {
        name: importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
        for name in MEASUREMENTS
    }
    for name, module in modules.items():
        module.add_arguments(commands.add_parser(name, help=module.__doc__))
    options = parser.parse_args()
    tables = modules[options.measurement].run(options)
    report(options.measurement, tables, options.output)


if __name__ == "__main__":
    main()
