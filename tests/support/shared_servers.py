"""Share one server among all processes of a test run."""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from tests.support.servers import ExternalServer

Start = Callable[[], AbstractContextManager[ExternalServer]]


@contextmanager
def shared(start: Start, folder: Path) -> Iterator[ExternalServer]:
    """
    Start a server, or use the one that another process has started; the folder is for its notes.

    Who has started it waits at the end until nobody uses it any more.
    """
    folder.mkdir(exist_ok=True)
    note = folder / "server.json"
    with _locked(folder / "users", fcntl.LOCK_SH) as use, _started(start, folder, note) as server:
        yield server
        fcntl.flock(use, fcntl.LOCK_UN)


@contextmanager
def _started(start: Start, folder: Path, note: Path) -> Iterator[ExternalServer]:
    with _locked(folder / "start"):
        ours = not note.exists()
        context = start() if ours else nullcontext(ExternalServer(*json.loads(note.read_text())))
        server = context.__enter__()
        if ours:
            note.write_text(json.dumps([server.port, server.access_key, server.secret_key]))
    try:
        yield server
    finally:
        if ours:
            with _locked(folder / "start"), _locked(folder / "users"):
                note.unlink()
                context.__exit__(None, None, None)


@contextmanager
def _locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[int]:
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield file.fileno()
