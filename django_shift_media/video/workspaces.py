"""
What workers keep on the disk of their machine: folders, and a lock for each processor.

The locks are those of files, which the system releases if a worker is killed.
"""

import fcntl
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = ".lock"


@contextmanager
def workspace() -> Iterator[Path]:
    """
    Yield a private folder, once a processor is free for an encoder, and delete it afterwards.

    Folders of workers that were killed are deleted, too.
    """
    with _processor():
        _delete_abandoned(_root())
        folder = Path(tempfile.mkdtemp(prefix="video-", dir=_root()))
        try:
            with _locked(folder / _LOCK):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    """Return a folder that only this user can read and write."""
    root = Path(tempfile.gettempdir()) / f"shift-media-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    if root.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{root} belongs to another user, or others can write to it.")
    return root


@contextmanager
def _processor() -> Iterator[None]:
    """Hold one of as many locks as there are processors, however many workers there are."""
    count = os.cpu_count() or 1
    numbers = random.sample(range(count), count)  # only spreads the waiting
    files = [_open(_root() / f"processor-{number}") for number in numbers]
    try:
        if not any(_is_locked_here(file) for file in files):
            fcntl.flock(files[0], fcntl.LOCK_EX)
        yield
    finally:
        for file in files:
            os.close(file)  # which also releases its lock


def _delete_abandoned(root: Path) -> None:
    for folder in root.glob("video-*"):
        with suppress(FileNotFoundError, BlockingIOError), _locked(folder / _LOCK, create=False):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, *, create: bool = True) -> Iterator[None]:
    """Hold the lock of a file; raise ``BlockingIOError`` if another process has it."""
    file = _open(path, create=create)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)


def _open(path: Path, *, create: bool = True) -> int:
    flags = os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    return os.open(path, flags, 0o600)


def _is_locked_here(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
