"""The settings of a site whose process is killed while it examines an upload, once."""

import os
import signal
from typing import Any

from testproject.settings import *  # noqa: F403
from testproject.settings import DATA

SHIFT_MEDIA_UPLOAD_VALIDATORS = [f"{__name__}.die_once"]


def die_once(file: Any) -> None:
    """Kill this process if there is a file "die" in the gallery's folder, and delete that."""
    flag = DATA / "die"
    if flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
