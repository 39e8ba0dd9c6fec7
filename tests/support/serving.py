"""Serve in a thread, while a test runs."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds between two looks whether to stop; the standard library's half a second adds up.
_POLL_INTERVAL = 0.02


def start(server: socketserver.BaseServer) -> threading.Thread:
    """Let a server answer from now on, until ``server.shutdown()``."""
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_INTERVAL,), daemon=True)
    thread.start()
    return thread


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server answer inside this block, and close it at the end."""
    with server:
        thread = start(server)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
