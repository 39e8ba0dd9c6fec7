"""Metadata as ExifTool reads and writes them."""

import json
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

from tests.support.requirements import missing


def read_metadata(*paths: Path) -> list[dict[str, Any]]:
    """Return what is in each file, by group and name, such as "XMP-dc:Creator"."""
    # -struct: as in the file; -a: fields that are there twice; -u: those that it has no name for.
    arguments = ("-json", "-G1", "-struct", "-a", "-u", "-charset", "iptc=UTF8", *map(str, paths))
    found: list[dict[str, Any]] = json.loads(_run(*arguments).stdout)
    return found


def write_metadata(path: Path, *assignments: str) -> None:
    """Change a file, by assignments such as "-IPTC:Credit=Somebody"."""
    _run("-overwrite_original", *assignments, str(path))


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    if not which("exiftool"):
        missing("exiftool: apt-get install libimage-exiftool-perl")
    command = ["exiftool", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True)
