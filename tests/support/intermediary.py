"""A server between boto3 and a server of AWS's APIs, which answers some requests by itself."""

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config

from tests.support.serving import answer, serving
from tests.support.waiting import PATIENCE

_HOP_BY_HOP = {"connection", "content-length", "proxy-connection", "transfer-encoding"}
_ALWAYS = 1_000_000


@dataclass
class Rule:
    """What becomes of the next ``times`` requests that a pattern matches."""

    pattern: str
    times: int
    status: int = 0  # 0: passed on
    body: bytes = b""
    change: Callable[[bytes], bytes] | None = None
    before: Callable[[], object] | None = None

    def takes(self, request: str) -> bool:
        if not (self.times and re.search(self.pattern, request)):
            return False
        self.times -= 1
        return True


@dataclass
class Intermediary:
    """
    Passes requests on, except those whose "METHOD HOST/PATH?QUERY" the pattern of a rule matches.

    It also is an HTTP proxy: a storage with ``aws_options()`` talks to AWS's own hosts through it.
    """

    url: str = ""
    requests: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def answer(self, pattern: str, status: int, body: bytes, *, times: int = _ALWAYS) -> None:
        self.rules.append(Rule(pattern, times, status, body))

    def refuse(self, pattern: str, status: int, code: str, *, times: int = _ALWAYS) -> None:
        """Answer with an error of this code, in the form of AWS's XML APIs."""
        error = f"<Code>{code}</Code><Message>Refused by the test.</Message>"
        is_cloudfront = "cloudfront" in pattern or "2020-05-31" in pattern
        body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        self.answer(
            pattern,
            status,
            (body if is_cloudfront else f"<Error>{error}</Error>").encode(),
            times=times,
        )

    def change(self, pattern: str, change: Callable[[bytes], bytes]) -> None:
        """Change the bodies of responses."""
        self.rules.append(Rule(pattern, _ALWAYS, change=change))

    def before(self, pattern: str, function: Callable[[], object]) -> None:
        """Call a function before the first request is passed on."""
        self.rules.append(Rule(pattern, 1, before=function))

    def sent(self, pattern: str) -> list[str]:
        """Return the requests so far that a pattern matches."""
        return [request for request in self.requests if re.search(pattern, request)]

    def aws_options(self) -> dict[str, Any]:
        config = Config(proxies={"http": self.url, "https": self.url})
        return {"endpoint_url": None, "use_ssl": False, "client_config": config}


@contextmanager
def in_front_of(endpoint_url: str) -> Iterator[Intermediary]:
    """Run an intermediary in front of a server."""
    intermediary = Intermediary()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            target = parts._replace(scheme="", netloc="").geturl()
            request = f"{self.command} {self.headers['Host']}{target}"
            intermediary.requests.append(request)
            rule = next((rule for rule in intermediary.rules if rule.takes(request)), None)
            if rule and rule.before:
                rule.before()
            if rule and rule.status:
                return self.respond(rule.status, {"Content-Type": "text/xml"}, rule.body)
            status, headers, answer = self.passed_on(target, body)
            return self.respond(
                status, headers, rule.change(answer) if rule and rule.change else answer
            )

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815

        def passed_on(self, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
            upstream = http.client.HTTPConnection(urlsplit(endpoint_url).netloc, timeout=PATIENCE)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            headers |= {"Content-Length": str(len(body))} if body else {}
            upstream.request(self.command, target, body=body or None, headers=headers)
            response = upstream.getresponse()
            answer = response.read()
            upstream.close()
            return response.status, dict(response.getheaders()), answer

        def respond(self, status: int, headers: dict[str, str], body: bytes) -> None:
            answer(self, status, headers, body, without=_HOP_BY_HOP)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    intermediary.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield intermediary
