"""
An S3 server for tests and development: moto's server, with bucket websites added.

::

    with S3Emulator() as s3:
        STORAGES["media"] = {
            "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
            "OPTIONS": s3.storage_options("photos"),
        }

moto stores a bucket's website configuration and policy, but does not serve websites.
``WebsiteEndpoint`` reads both for each request, and responds as S3's website endpoint does: 200
with the object's content type and cache headers, redirects by the routing rules, 403 and 404, and
index and error documents. Requires ``pip install "django-shift-media[demo]"``.
"""

import fnmatch
import json
import logging
import re
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from boto3.session import Session
from botocore.exceptions import ClientError, ParamValidationError

from django_shift_media.aws.common import Document
from django_shift_media.aws.policy_evaluation import anyone_may
from django_shift_media.storages.s3 import http_status

if TYPE_CHECKING:
    from types import TracebackType

    from mypy_boto3_s3 import S3Client

HOST = "127.0.0.1"
# Limits the connections to moto, whose listen queue is short: each request of a website sends up
# to four requests to moto.
_MAX_CONCURRENT_REQUESTS = 8


class Response(NamedTuple):
    """A response of the website endpoint; ``body`` is not sent for HEAD requests."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class S3Emulator:
    """
    moto's S3 and a website endpoint, on two ports of 127.0.0.1, until the ``with`` block ends.

    Port 0 selects a free port. Data are in memory only, and lost when the process ends.
    """

    access_key = secret_key = "testing"  # noqa: S105  (moto accepts any key)
    region = "us-east-1"

    def __init__(self, *, port: int = 0, website_port: int = 0) -> None:
        from moto.iam.access_control import IAMPolicyStatement
        from moto.server import ThreadedMotoServer

        # moto 5.2 reads the "?" of a policy as that of a regular expression, and then responds to
        # every request with 500.
        IAMPolicyStatement._match = staticmethod(_match_wildcards)  # type: ignore[assignment, method-assign]
        werkzeug = logging.getLogger("werkzeug")
        if werkzeug.level == logging.NOTSET:
            werkzeug.setLevel(logging.WARNING)  # otherwise it logs each request
        self._moto = ThreadedMotoServer(HOST, port=port, verbose=False)
        self._website_port = website_port

    def __enter__(self) -> "S3Emulator":
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.endpoint_url = f"http://{host}:{port}"
        self._website = WebsiteEndpoint(self.client(), port=self._website_port)
        self._website.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._website.stop()
        self._moto.stop()

    @property
    def website_address(self) -> tuple[str, int]:
        """The host and the port of the website endpoint."""
        return HOST, self._website.server_port

    def website_url(self, bucket: str) -> str:
        """
        Return the base URL of a bucket's website.

        Browsers resolve ``*.localhost`` to this machine. In a program that does not, connect to
        ``website_address`` and send the URL's host in the ``Host`` header.
        """
        return f"http://{bucket}.s3-website.localhost:{self._website.server_port}/"

    def storage_options(self, bucket: str) -> dict[str, Any]:
        """Return the ``OPTIONS`` of an ``S3MediaStorage`` for a bucket of this emulator."""
        return {
            "bucket_name": bucket,
            "region_name": self.region,
            "endpoint_url": self.endpoint_url,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "public_url": self.website_url(bucket),
        }

    def client(self) -> "S3Client":
        """Return a boto3 client for this emulator."""
        return Session(self.access_key, self.secret_key, region_name=self.region).client(
            "s3", endpoint_url=self.endpoint_url
        )


def _match_wildcards(pattern: str, text: str) -> re.Match[str] | None:
    return re.match(fnmatch.translate(pattern), text)


class WebsiteEndpoint(ThreadingHTTPServer):
    """The website endpoint of all buckets; requests name theirs by ``Host: BUCKET.s3-website…``."""

    daemon_threads = True
    # Length of the listen queue. If it is full, the kernel drops connection attempts; clients then
    # retry after 1, 2, 4, … seconds, which may take minutes.
    request_queue_size = 1024

    def __init__(self, client: "S3Client", *, port: int = 0) -> None:
        self.client = client
        self.slots = threading.BoundedSemaphore(_MAX_CONCURRENT_REQUESTS)
        super().__init__((HOST, port), _RequestHandler)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that leaves a page closes its connections in the middle of a response.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def respond(self, host: str, path: str, headers: dict[str, str]) -> Response:
        """Respond to a GET request for ``path``, percent-encoded and with a leading slash."""
        bucket = re.split(r"\.s3-website[.-]", host)[0]
        try:
            website: Document = dict(self.client.get_bucket_website(Bucket=bucket))
        except ClientError as error:
            return _error(404, error.response["Error"]["Code"])
        except ParamValidationError:  # the host is an address, or not a bucket name
            return _error(404, "NoSuchBucket")
        key = unquote(path)[1:]
        if target := website.get("RedirectAllRequestsTo"):
            return _redirect(target, host, key)
        if response := apply_rules(website, host, key, None):
            return response
        if not key or key.endswith("/"):
            key += website["IndexDocument"]["Suffix"]
        response = self._get(bucket, key, headers)
        if response.status < 400:
            return response
        if redirect := apply_rules(website, host, key, response.status):
            return redirect
        if document := website.get("ErrorDocument"):
            page = self._get(bucket, document["Key"], {})
            if page.status == 200:
                return page._replace(status=response.status)
        return response

    def _get(self, bucket: str, key: str, headers: dict[str, str]) -> Response:
        if not self._may_read(bucket, key):
            return _error(403, "AccessDenied")
        conditions = {"IfNoneMatch": headers.get("If-None-Match"), "Range": headers.get("Range")}
        options: dict[str, Any] = {name: value for name, value in conditions.items() if value}
        try:
            stored = self.client.get_object(Bucket=bucket, Key=key, **options)
        except ClientError as error:
            status = http_status(error)
            return Response(304, {}) if status == 304 else _error(status, "NoSuchKey")
        if target := stored.get("WebsiteRedirectLocation"):
            return Response(301, {"Location": target})
        metadata = stored["ResponseMetadata"]
        forwarded = {
            name.title(): value
            for name, value in metadata["HTTPHeaders"].items()
            if name in _FORWARDED_HEADERS
        }
        return Response(metadata["HTTPStatusCode"], forwarded, stored["Body"].read())

    def _may_read(self, bucket: str, key: str) -> bool:
        try:
            block = self.client.get_public_access_block(Bucket=bucket)
            if block["PublicAccessBlockConfiguration"].get("RestrictPublicBuckets"):
                return False
        except ClientError:
            pass  # no block is configured
        try:
            policy = json.loads(self.client.get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError:
            return False
        return anyone_may(policy, "s3:GetObject", f"{bucket}/{key}")


_FORWARDED_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
    }
)


def apply_rules(website: Document, host: str, key: str, status: int | None) -> Response | None:
    """Return the redirect of the first matching routing rule; status None: before the look-up."""
    for rule in website.get("RoutingRules", []):
        condition = rule.get("Condition", {})
        error = condition.get("HttpErrorCodeReturnedEquals")
        prefix = condition.get("KeyPrefixEquals", "")
        if key.startswith(prefix) and error == (None if status is None else str(status)):
            redirect = rule["Redirect"]
            target = redirect.get("ReplaceKeyWith")
            if target is None:
                target = redirect.get("ReplaceKeyPrefixWith", prefix) + key[len(prefix) :]
            return _redirect(redirect, host, target)
    return None


def _redirect(redirect: Document, host: str, target: str) -> Response:
    scheme = redirect.get("Protocol", "http")
    location = f"{scheme}://{redirect.get('HostName', host)}/{quote(target)}"
    return Response(int(redirect.get("HttpRedirectCode", 301)), {"Location": location})


def _error(status: int, code: str) -> Response:
    title = f"{status} {HTTPStatus(status).phrase}"
    page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{code}</p>\n"
    return Response(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


class _RequestHandler(BaseHTTPRequestHandler):
    server: WebsiteEndpoint
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: do not wait between them

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        with self.server.slots:
            response = self.server.respond(self.headers.get("Host", ""), path, dict(self.headers))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        self.send_error(405)
        self.close_connection = True

    do_PUT = do_DELETE = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass
