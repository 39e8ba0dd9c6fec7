"""
AWS Lambda, as far as a function can tell: its runtime API, and a function URL in front of it.

The function runs in a process of its own, under AWS's own runtime client (awslambdaric). Requests
become events of the payload format 2.0, and answers of more than 6 MB are refused, as documented:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import importlib.util
import json
import os
import queue
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.requirements import missing, permit
from tests.support.servers import ROOT, stop
from tests.support.serving import answer, serving
from tests.support.waiting import PATIENCE, wait_until

MAX_PAYLOAD = 6 * 1024 * 1024
HANDLER = ROOT / "docs" / "examples" / "lambda"
URL_ID = "abcdefghijklmnopqrstuvwxyz012345"
HOST = f"{URL_ID}.lambda-url.eu-central-1.on.aws"
_FAILED = 502, {"Content-Type": "application/json"}, b"Internal Server Error"

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Invocation:
    event: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: "queue.Queue[Answer]" = field(default_factory=queue.Queue)


@dataclass
class Function:
    """
    A function, and its URL; who is not ``permitted`` is refused as by the authentication AWS_IAM.

    ``payloads`` has the sizes of the answers that the function gave, in bytes.
    """

    url: str
    permitted: bool = True
    has_crashed: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    payloads: list[int] = field(default_factory=list)
    waiting: "queue.Queue[Invocation]" = field(default_factory=queue.Queue)
    running: dict[str, Invocation] = field(default_factory=dict)

    def invoke(self, event: dict[str, Any]) -> Answer:
        self.events.append(event)
        invocation = Invocation(event)
        self.waiting.put(invocation)
        wait_until(lambda: self.has_crashed or not invocation.answer.empty(), "the function")
        return _FAILED if self.has_crashed else invocation.answer.get()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    function: Function

    def respond(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        answer(self, status, headers, body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Runtime(_Handler):
    """What the runtime client of the function asks for, and answers."""

    def do_GET(self) -> None:
        invocation = self.function.waiting.get()
        self.function.running[invocation.id] = invocation
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(1000 * (time.time() + PATIENCE))),
            "Lambda-Runtime-Invoked-Function-Arn": (
                "arn:aws:lambda:eu-central-1:123456789012:function:media"
            ),
        }
        self.respond(200, headers, json.dumps(invocation.event).encode())

    def do_POST(self) -> None:
        payload = self.rfile.read(int(self.headers["Content-Length"]))
        *_, id, kind = self.path.split("/")
        self.function.has_crashed |= id == "init"
        invocation = self.function.running.pop(id, None)
        if invocation is None or kind == "error":
            status = 202
            answer: Answer = _FAILED
        else:
            self.function.payloads.append(len(payload))
            is_too_large = len(payload) > MAX_PAYLOAD
            status, answer = (413, _FAILED) if is_too_large else (202, _http_answer(payload))
        if invocation is not None:
            invocation.answer.put(answer)
        self.respond(status, {"Content-Type": "application/json"}, b"{}")


class _Url(_Handler):
    def do_GET(self) -> None:
        id = str(uuid.uuid4())
        if self.function.permitted:
            status, headers, body = self.function.invoke(self.event())
        else:
            status, headers = 403, {"x-amzn-ErrorType": "AccessDeniedException"}
            body = b'{"Message":"Forbidden"}'
        self.respond(status, {**headers, "x-amzn-RequestId": id}, body)

    do_HEAD = do_GET  # noqa: N815

    def event(self) -> dict[str, Any]:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        http = {
            "method": self.command,
            "path": parts.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.1",
            "userAgent": headers.get("user-agent", ""),
        }
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "headers": {**headers, "host": HOST, "x-forwarded-proto": "https"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": URL_ID,
                "domainName": HOST,
                "domainPrefix": URL_ID,
                "http": http,
                "requestId": str(uuid.uuid4()),
                "routeKey": "$default",
                "stage": "$default",
                "time": "12/Mar/2026:19:03:58 +0000",
                "timeEpoch": 1583348638390,
            },
            "isBase64Encoded": False,
        }


def _http_answer(payload: bytes) -> Answer:
    document = json.loads(payload)
    body = document.get("body", "")
    is_encoded = document.get("isBase64Encoded")
    data = base64.b64decode(body) if is_encoded else body.encode()
    return document["statusCode"], document["headers"], data


@contextmanager
def function_url(environment: dict[str, str], log: Path, port: int) -> Iterator[Function]:
    """Run the function of the guide until the block ends, with the settings of the test project."""
    permit("server")
    for module in ("awslambdaric", "mangum"):
        if importlib.util.find_spec(module) is None:
            missing(f"{module}: pip install awslambdaric mangum")
    function = Function(f"http://127.0.0.1:{port}")
    with ExitStack() as stack:
        runtime = stack.enter_context(_serving(_Runtime, function))
        stack.enter_context(_serving(_Url, function, port))
        places = [HANDLER, ROOT / "testproject", ROOT]
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "handler.handler"],
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": runtime,
                "DJANGO_SETTINGS_MODULE": "testproject.settings",
                "PYTHONPATH": os.pathsep.join(map(str, places)),
            },
            stdout=stack.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        stack.callback(stop, process)
        yield function


@contextmanager
def _serving(handler: type[_Handler], function: Function, port: int = 0) -> Iterator[str]:
    bound = type(handler.__name__, (handler,), {"function": function})
    server = ThreadingHTTPServer(("127.0.0.1", port), bound)
    with serving(server):
        yield f"127.0.0.1:{server.server_port}"
