"""Serve in a thread, while a test runs."""

import socketserver
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

# Seconds between two looks whether to stop; the standard library's half a second adds up.
_POLL_INTERVAL = 0.02


def answer(
    handler: BaseHTTPRequestHandler,
    status: int,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    without: Collection[str] = ("content-length",),
) -> None:
    """Send a response with the length of its body, and all headers but those of ``without``."""
    handler.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in without:
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


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
