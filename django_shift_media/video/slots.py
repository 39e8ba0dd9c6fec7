"""One encoder for each processor of a machine, however many workers there are."""

import fcntl
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def slot() -> Iterator[None]:
    """
    Wait until a processor is free for an encoder, and keep it for the block.

    The locks are those of files, which the system releases if a worker is killed.
    """
    count = os.cpu_count() or 1
    numbers = random.sample(range(count), count)  # only spreads the waiting
    with _open_files(numbers) as files:
        if not any(_is_free(file) for file in files):
            fcntl.flock(files[0], fcntl.LOCK_EX)
        yield


@contextmanager
def _open_files(numbers: list[int]) -> Iterator[list[int]]:
    folder = _folder()
    files = [
        os.open(folder / str(n), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600) for n in numbers
    ]
    try:
        yield files
    finally:
        for file in files:
            os.close(file)  # which also releases its lock


def _folder() -> Path:
    """Return a folder that only this user can write to."""
    folder = Path(tempfile.gettempdir()) / f"shift-media-video-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user, or others can write to it.")
    return folder


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
