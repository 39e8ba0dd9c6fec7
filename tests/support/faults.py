"""A proxy before an S3 server, which fails at will: one fault for each operation."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.httpsession import URLLib3Session
from django.conf import settings

from django_shift_media.storages.s3 import S3MediaStorage
from tests.support import serving
from tests.support.waiting import PATIENCE

Fault = Literal[
    "hold",  # take the request, and hand it on once all is well again
    "hang",  # take the request and stay silent
    "400",  # MissingContentMD5
    "500",
    "503",  # SlowDown
    "403",
    "cut request",  # hand on half of the body of a request, and break off both connections
    "cut answer",  # hand back half of the body of an answer, and break off
    "stall answer",  # hand back half of the body of an answer, and stay silent
    "reset request",  # take half of the body of a request, and reset the connection
    "lose answer",  # hand on the request, wait until it is done, and break off
]
# Those by which a client waits for its time-out.
_SILENT = {"hang", "stall answer"}
_CODES = {
    "400": "MissingContentMD5",
    "500": "InternalError",
    "503": "SlowDown",
    "403": "AccessDenied",
}
# What belongs to a connection rather than to what it carries.
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "expect", "keep-alive"}


class FaultyProxy(ThreadingHTTPServer):
    """
    Stands before an S3 server. ``faults`` maps an HTTP method to the fault that it meets.

    ``times`` is how many requests meet one until all is well again; None: all do. ``after`` is how
    many are let through before. ``met`` lists the methods of those that have met one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint_url: str, *, port: int = 0) -> None:
        self.upstream = urlsplit(endpoint_url)
        self.faults: dict[str, Fault] = {}
        self.times: int | None = None
        self.after = 0
        self.met: list[str] = []
        self.mended = threading.Event()
        self.stopped = False
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fail(self, fault: Fault, *methods: str, times: int | None = None, after: int = 0) -> None:
        self.met = []
        self.mended.clear()
        self.times = times
        self.after = after
        self.faults = dict.fromkeys(methods, fault)

    def mend(self) -> None:
        """Let all requests through, and end the silence of those that hang."""
        self.faults = {}
        self.mended.set()

    def is_silent(self, method: str) -> bool:
        """Say whether the next request of this method will wait in vain."""
        return self.faults.get(method) in _SILENT and self.times != len(self.met)

    def next_fault(self, method: str) -> Fault | None:
        with self._lock:
            fault = self.faults.get(method)
            if fault is None or self.times == len(self.met):
                return None
            if self.after:
                self.after -= 1
                return None
            self.met.append(method)
            return fault

    def stop(self) -> None:
        """Refuse connections from now on, and break off those that are open at their next use."""
        self.mend()
        self.stopped = True
        self.shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: the other end has given up, as it should."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyProxy
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        if self.server.stopped:
            self.close_connection = True
            return
        fault = self.server.next_fault(self.command)
        length = int(self.headers.get("Content-Length", 0))
        if fault == "reset request":
            self._reset(length // 2)
            return
        body = self.rfile.read(length)
        if fault == "hold":
            self.server.mended.wait(PATIENCE)
            self._forward(body, None)
        elif fault == "hang":
            self._stay_silent()
        elif fault in _CODES:
            self._refuse(int(fault), _CODES[fault])
        else:
            self._forward(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def _reset(self, length: int) -> None:
        self.rfile.read(length)
        # To close a socket that lingers for no time sends a reset: man 7 socket.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _stay_silent(self) -> None:
        self.server.mended.wait(PATIENCE)
        self.close_connection = True

    def _refuse(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>Refused.</Message></Error>".encode()
        self._begin(status, [], len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        upstream = http.client.HTTPConnection(str(self.server.upstream.netloc), timeout=PATIENCE)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                upstream.putheader(name, value)
        upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body[: len(body) // 2] if fault == "cut request" else body)
        self.close_connection = fault is not None
        if fault != "cut request":
            answer = upstream.getresponse()
            content = answer.read()
            if fault != "lose answer":
                self._hand_back(answer, content, fault)
        upstream.close()

    def _hand_back(
        self, answer: http.client.HTTPResponse, content: bytes, fault: Fault | None
    ) -> None:
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP]
        # An answer to HEAD says how long the body would be.
        self._begin(answer.status, headers, int(answer.getheader("Content-Length", len(content))))
        if fault in {"cut answer", "stall answer"}:
            content = content[: len(content) // 2]
        self.wfile.write(content)
        if fault == "stall answer":
            self._stay_silent()

    def _begin(self, status: int, headers: list[tuple[str, str]], length: int) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def hurry(storage: Any, is_silent: Callable[[str], bool]) -> None:
    """
    Have the client of a storage wait for a second only, but only for what will never come.

    ``is_silent`` says of a method whether a request that is sent now is not answered in whole. For
    all others, a second may be too short on a busy machine.
    """
    endpoint = storage.client._endpoint
    endpoint.http_session = _Sessions(endpoint.http_session, is_silent)


class _Sessions:
    """What botocore sends requests by."""

    def __init__(self, patient: URLLib3Session, is_silent: Callable[[str], bool]) -> None:
        self.patient = patient
        self.hurried = URLLib3Session(timeout=(PATIENCE, 1))
        self.is_silent = is_silent

    def send(self, request: Any) -> Any:
        return (self.hurried if self.is_silent(request.method) else self.patient).send(request)

    def close(self) -> None:
        self.patient.close()
        self.hurried.close()


class HurriedStorage(S3MediaStorage):
    """One whose GETs are hurried while there is a file "hurry" in the gallery's folder."""

    def _new_resource(self) -> Any:
        resource = super()._new_resource()
        flag = Path(settings.DATA, "hurry")
        hurry(resource.meta, lambda method: method == "GET" and flag.exists())
        return resource


@contextmanager
def faulty_proxy(endpoint_url: str, *, port: int = 0) -> Iterator[FaultyProxy]:
    with FaultyProxy(endpoint_url, port=port) as proxy:
        serving.start(proxy)
        try:
            yield proxy
        finally:
            proxy.stop()
