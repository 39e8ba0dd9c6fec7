"""
Other packages for thumbnails, run beside ours: the tables of the guides for moving in.

``python -m tests.peers`` installs them into an environment of their own, ``build/peers``.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "peers"
PYTHON = FOLDER / "bin" / "python"


def install() -> None:
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    requirements = ROOT / "tests" / "peers" / "requirements.txt"
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", requirements], cwd=ROOT, check=True)
