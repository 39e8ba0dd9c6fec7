"""
AWS Elemental MediaConvert for tests and development: an HTTP server that runs ffmpeg.

::

    with S3Emulator() as s3, MediaConvertEmulator(s3.client()) as media_convert:
        os.environ["AWS_ENDPOINT_URL_MEDIACONVERT"] = media_convert.endpoint_url

It reads jobs as boto3 sends them, refuses what the model of the service does not allow, gets the
input from the bucket, stores the outputs under the names that MediaConvert gives them, and sends
the events of EventBridge to ``events_url``. It does not check permissions, and ignores what this
package does not use, such as captions and streaming groups.
"""

import json
import re
import secrets
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from django_shift_media.testing.mediaconvert_ffmpeg import Failed, encode, probe, targets
from django_shift_media.testing.mediaconvert_model import Document, Refused, parse, serialize
from django_shift_media.testing.s3_emulator import HOST

if TYPE_CHECKING:
    from types import TracebackType

    from mypy_boto3_s3 import S3Client

_ACCOUNT = "123456789012"
_REGION = "us-east-1"
_ENDS = frozenset({"COMPLETE", "CANCELED", "ERROR"})
_ROUTES = (
    ("POST", r"/jobs", "CreateJob"),
    ("GET", r"/jobs/([^/]+)", "GetJob"),
    ("DELETE", r"/jobs/([^/]+)", "CancelJob"),
    ("POST", r"/probe", "Probe"),
    ("POST", r"/queues", "CreateQueue"),
    ("GET", r"/queues/([^/]+)", "GetQueue"),
    ("PUT", r"/queues/([^/]+)", "UpdateQueue"),
    ("GET", r"/tags/(.+)", "ListTagsForResource"),
    ("POST", r"/tags", "TagResource"),
)
_VERSION = "/2017-08-29"
_TOKEN_SECONDS = 60  # for which the same ClientRequestToken gives the same job


class _NotFound(Exception):
    pass


class MediaConvertEmulator:
    """
    A MediaConvert whose buckets are those of an S3 client, until the ``with`` block ends.

    ``jobs`` has all jobs as ``GetJob`` returns them, by id. Events are sent to ``events_url`` with
    ``secret`` in a header, as an API destination of EventBridge does; ``deliveries`` has the
    status of each response, or 0. ``pause()`` holds jobs back until ``resume()``.
    """

    def __init__(
        self, client: "S3Client", *, port: int = 0, events_url: str = "", secret: str = ""
    ) -> None:
        self.client = client
        self.events_url = events_url
        self.secret = secret
        self.jobs: dict[str, Document] = {}
        self.queues = {"Default": _queue({"Name": "Default"}, "SYSTEM")}
        self.tags: dict[str, dict[str, str]] = {}
        self.deliveries: list[int] = []
        self.operations: list[str] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._released.set()
        self._threads: list[threading.Thread] = []
        self._server = _Server(self, port)

    def __enter__(self) -> "MediaConvertEmulator":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        for id in list(self.jobs):
            self._end(id, "CANCELED")
        self.resume()
        self.wait()
        self._server.shutdown()
        self._server.server_close()

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def pause(self) -> None:
        """Begin no job, as a queue that is paused or full."""
        self._released.clear()

    def resume(self) -> None:
        self._released.set()

    def wait(self) -> None:
        """Wait until all jobs have ended, and their events are sent."""
        while self._threads:
            self._threads.pop().join()

    def send_event(self, id: str) -> int:
        """Send the event of a job's present state, maybe once more; return the status."""
        data = json.dumps(event_of(self.jobs[id])).encode()
        headers = {"Content-Type": "application/json", "X-Shift-Media-Secret": self.secret}
        request = urllib.request.Request(self.events_url, data, headers)  # noqa: S310  # the test's
        try:
            with urllib.request.urlopen(request) as response:  # noqa: S310
                status = int(response.status)
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        self.deliveries.append(status)
        return status

    def answer(self, method: str, path: str, body: Document) -> tuple[int, Document]:
        """Return the status and the body of the response to a request."""
        for verb, pattern, operation in _ROUTES:
            match = re.fullmatch(_VERSION + pattern, path)
            if match and verb == method:
                self.operations.append(operation)
                return self._answer(operation, body, match.groups())
        return 404, {"message": f"MediaConvertEmulator does not have: {method} {path}"}

    def _answer(
        self, operation: str, body: Document, names: tuple[str, ...]
    ) -> tuple[int, Document]:
        try:
            if not names:
                body = parse(operation, body)
            handler = getattr(self, "_" + re.sub("(?<!^)(?=[A-Z])", "_", operation).lower())
            return 201 if operation.startswith("Create") else 200, serialize(
                operation, handler(*map(unquote, names), **({"body": body} if body else {}))
            )
        except (Refused, Failed) as error:
            return 400, {"message": str(error), "__type": "BadRequestException"}
        except _NotFound as error:
            return 404, {"message": str(error), "__type": "NotFoundException"}

    def _create_job(self, body: Document) -> Document:
        _require_a_video(body["Settings"])
        with self._lock:
            for job in self.jobs.values():
                is_same = job["ClientRequestToken"] == body["ClientRequestToken"]
                if is_same and time.time() - job["CreatedAt"].timestamp() < _TOKEN_SECONDS:
                    return {"Job": job}
            name = body.get("Queue", "Default").rpartition("/")[2]
            queue = self._get_queue(name)["Queue"]["Arn"]
            id = f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}"
            now = datetime.now(UTC)
            job = {**body, "Id": id, "Queue": queue, "Status": "SUBMITTED", "CreatedAt": now}
            job["Arn"] = _arn(f"jobs/{id}")
            job.pop("Tags", None)
            self.jobs[id] = job
        thread = threading.Thread(target=self._run, args=(id,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return {"Job": job}

    def _get_job(self, id: str) -> Document:
        if id not in self.jobs:
            raise _NotFound(f"Job {id} not found.")
        return {"Job": self.jobs[id]}

    def _cancel_job(self, id: str) -> Document:
        self._get_job(id)
        if not self._end(id, "CANCELED"):
            raise Refused(f"Job {id} has ended.")
        return {}

    def _probe(self, body: Document) -> Document:
        return {"ProbeResults": [self._probe_one(each["FileUrl"]) for each in body["InputFiles"]]}

    def _probe_one(self, url: str) -> Document:
        with tempfile.TemporaryDirectory() as folder:
            found = probe(self._download(url, Path(folder)))
        tracks = []
        for stream in found["streams"]:
            track = {"Index": stream["index"] + 1, "TrackType": stream["codec_type"]}
            if stream["codec_type"] == "video":
                rate = dict(
                    zip(
                        ("Numerator", "Denominator"),
                        map(int, stream["avg_frame_rate"].split("/")),
                        strict=True,
                    )
                )
                size = {"Width": stream["width"], "Height": stream["height"]}
                track["VideoProperties"] = {**size, "FrameRate": rate}
            tracks.append(track)
        return {"Container": {"Tracks": tracks}}

    def _create_queue(self, body: Document) -> Document:
        if body["Name"] in self.queues:
            raise Refused(f"Queue {body['Name']} exists.")
        self.queues[body["Name"]] = queue = _queue(body, "CUSTOM")
        self.tags[queue["Arn"]] = body.get("Tags", {})
        return {"Queue": queue}

    def _get_queue(self, name: str) -> Document:
        if name not in self.queues:
            raise _NotFound(f"Queue {name} not found.")
        return {"Queue": self.queues[name]}

    def _update_queue(self, name: str, body: Document) -> Document:
        queue = self._get_queue(name)["Queue"]
        queue |= {key.capitalize(): value for key, value in body.items()}
        return {"Queue": queue}

    def _list_tags_for_resource(self, arn: str) -> Document:
        return {"ResourceTags": {"Arn": arn, "Tags": self.tags.get(arn, {})}}

    def _tag_resource(self, body: Document) -> Document:
        self.tags.setdefault(body["Arn"], {}).update(body["Tags"])
        return {}

    def _run(self, id: str) -> None:
        self._released.wait()
        job = self.jobs[id]
        with self._lock:
            if job["Status"] == "SUBMITTED":
                job.update(Status="PROGRESSING", JobPercentComplete=0)
        try:
            with tempfile.TemporaryDirectory() as folder:
                self._work(job, Path(folder))
            self._end(id, "COMPLETE", JobPercentComplete=100)
        except (Failed, ClientError) as error:
            self._end(id, "ERROR", ErrorCode=1010, ErrorMessage=str(error))
        if self.events_url:
            self.send_event(id)

    def _work(self, job: Document, folder: Path) -> None:
        if job["Status"] != "PROGRESSING":
            return
        [document] = job["Settings"]["Inputs"]
        path = self._download(document["FileInput"], folder)
        made = []
        for number, target in enumerate(targets(job["Settings"])):
            result = folder / f"output-{number}"
            encode(path, document, target, result)
            made.append((target, result))
        for target, result in made:
            if job["Status"] == "PROGRESSING":
                with result.open("rb") as file:
                    self.client.upload_fileobj(file, *_bucket_and_key(target.url))

    def _download(self, url: str, folder: Path) -> Path:
        path = folder / "input"
        with path.open("wb") as file:
            try:
                self.client.download_fileobj(*_bucket_and_key(url), file)
            except ClientError as error:
                raise Failed(f"Unable to open input file [{url}]: {error}") from error
        return path

    def _end(self, id: str, status: str, **more: Any) -> bool:
        """End a job, unless it has ended; return whether that is so."""
        with self._lock:
            if self.jobs[id]["Status"] in _ENDS:
                return False
            self.jobs[id].update(Status=status, **more)
            return True


def event_of(job: Document) -> Document:
    """Return the event of EventBridge about the state of a job."""
    detail = {
        "timestamp": int(time.time() * 1000),
        "accountId": _ACCOUNT,
        "queue": job["Queue"],
        "jobId": job["Id"],
        "status": job["Status"],
        "userMetadata": job.get("UserMetadata", {}),
    }
    if job["Status"] == "ERROR":
        detail |= {"errorCode": job["ErrorCode"], "errorMessage": job["ErrorMessage"]}
    if job["Status"] == "COMPLETE":
        details = [{"outputFilePaths": [each.url]} for each in targets(job["Settings"])]
        detail["outputGroupDetails"] = [
            {"outputDetails": [each], "type": "FILE_GROUP"} for each in details
        ]
    return {
        "version": "0",
        "id": secrets.token_hex(16),
        "detail-type": "MediaConvert Job State Change",
        "source": "aws.mediaconvert",
        "account": _ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": _REGION,
        "resources": [job["Arn"]],
        "detail": detail,
    }


def _require_a_video(settings: Document) -> None:
    """Refuse a job of pictures only, as MediaConvert does."""
    outputs = list(targets(settings))
    if all(each.is_picture for each in outputs):
        raise Refused("A job must have an output other than frame captures.")


def _queue(body: Document, kind: str) -> Document:
    known: Document = {key: body[key] for key in ("Name", "Description") if key in body}
    arn = _arn(f"queues/{body['Name']}")
    return {"Status": "ACTIVE", "PricingPlan": "ON_DEMAND", "Type": kind, "Arn": arn, **known}


def _arn(resource: str) -> str:
    return f"arn:aws:mediaconvert:{_REGION}:{_ACCOUNT}:{resource}"


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, emulator: MediaConvertEmulator, port: int) -> None:
        self.emulator = emulator
        super().__init__((HOST, port), _RequestHandler)


class _RequestHandler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        body = json.loads(data) if data else {}
        status, document = self.server.emulator.answer(self.command, path, body)
        text = json.dumps(document).encode()
        self.send_response(status)
        if kind := document.get("__type"):
            self.send_header("x-amzn-ErrorType", kind)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass
