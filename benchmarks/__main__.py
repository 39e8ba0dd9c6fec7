"""Run a benchmark. MEASUREMENT --help shows its options."""

import argparse
import importlib
import os
import sys
from pathlib import Path

MEASUREMENTS = (
    "page",
    "first-view",
    "second-view",
    "stampede",
    "backfill",
    "maintenance",
    "upload",
    "direct-upload",
    "engine",
    "formats",
    "hostile",
    "video",
)
ROOT = Path(__file__).resolve().parent.parent


def set_up() -> None:
    folders = [str(ROOT), str(ROOT / "testproject")]
    sys.path[:0] = folders
    # Subprocesses import the same packages and settings.
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, os.environ.get("PYTHONPATH", "")])
    os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.settings"

    import django

    django.setup()


def main() -> None:
    set_up()
    from benchmarks.tables import report

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "benchmarks",
        help="directory for the tables and charts (default: build/benchmarks)",
    )
    measurements = parser.add_subparsers(dest="measurement", metavar="MEASUREMENT", required=True)
    for name in MEASUREMENTS:
        module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
        summary = module.__doc__.strip().partition("\n")[0]
        command = measurements.add_parser(name, help=summary, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args()
    report(options.measurement, options.run(options), options.output)


if __name__ == "__main__":
    main()
