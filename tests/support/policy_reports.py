"""A server to which browsers report violations of a content security policy."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.serving import answer, serving


@contextmanager
def collecting_reports() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the URL for ``report-uri``, and the list of reports."""
    reports: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reports.append(json.loads(body)["csp-report"])
            answer(self, 204, {})

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_port}/", reports
