"""
``Service``: the jobs of MediaConvert, and which of them makes what.

MediaConvert takes the same request twice after a minute, so what it makes is noted in the cache.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.core.exceptions import ImproperlyConfigured

from django_shift_media.conf import conf
from django_shift_media.generation.cache_lock import cache_key, cache_store
from django_shift_media.naming.renditions import Made
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.ranged_file import RangedFile
from django_shift_media.video.mediaconvert.documents import Document, Source, job_settings
from django_shift_media.video.probe import read_facts

if TYPE_CHECKING:
    from django_shift_media.storages.s3 import S3MediaStorage

STORAGE, KEY = "shift-media-storage", "shift-media-key"  # of a job's UserMetadata
# A client takes some 100 ms of CPU time: botocore reads the model of the service for it.
_clients: "WeakKeyDictionary[MediaStorage, Any]" = WeakKeyDictionary()


def on_s3(storage: MediaStorage) -> "S3MediaStorage":
    """Return a storage if it is on S3; raise ``ImproperlyConfigured``."""
    if not hasattr(storage, "aws_client"):
        raise ImproperlyConfigured(
            f"MediaConvert reads and writes buckets on S3 only. The storage {storage.alias!r} is a"
            f" {type(storage).__name__}."
        )
    return storage  # type: ignore[return-value]  # its class is not imported without S3


def make_client(storage: MediaStorage) -> Any:
    """
    Return a client of MediaConvert in the region of a bucket.

    Raise ``ImproperlyConfigured`` instead of sending the keys of another S3 server to AWS.
    """
    s3 = on_s3(storage)
    client = s3.aws_client("mediaconvert")
    if s3.is_foreign(client):
        raise ImproperlyConfigured(
            f"The storage is on {s3.endpoint_url}, where MediaConvert cannot read. Use a bucket on"
            " AWS or, in tests, set the environment variable AWS_ENDPOINT_URL_MEDIACONVERT."
        )
    return client


class Service:
    """The jobs of one storage; errors of the service are ``StorageUnavailable``."""

    def __init__(self, storage: MediaStorage) -> None:
        self.storage = on_s3(storage)
        if storage not in _clients:
            _clients[storage] = make_client(storage)
        self.client = _clients[storage]

    def job_of(self, key: str) -> Document | None:
        """Return the job that makes a key; None if there is none."""
        id = (self._note(key) or {}).get("job")
        if id is None:
            return None
        with self.errors("look up the job of", key):
            try:
                job: Document = self.client.get_job(Id=id)["Job"]
            except self.client.exceptions.NotFoundException:
                job = {}
        if job.get("UserMetadata", {}).get(KEY) == key:
            return job
        self.forget(key)
        return None

    def submit(self, original: str, key: str, made: Made) -> Document:
        """Create the job of a key; raise as ``read_facts()`` does."""
        source = self._source(original)
        stem = key.rpartition(".")[0]
        # Noted first: if this worker is killed now, the next one gets the same job for a minute.
        token = (self._note(key) or {}).get("token") or secrets.token_hex(16)
        self._write_note(key, token=token)
        with self.errors("create the job of", key):
            job: Document = self.client.create_job(
                Role=conf.mediaconvert_role,
                Queue=conf.mediaconvert_queue,
                Settings=job_settings(source, made, self.url_of(stem)),
                UserMetadata={STORAGE: self.storage.alias or "", KEY: key},
                ClientRequestToken=token,
            )["Job"]
        self._write_note(key, token=token, job=job["Id"])
        return job

    def cancel(self, key: str) -> None:
        """Cancel the job of a key, if there is one that can be canceled; forget it."""
        if id := (self._note(key) or {}).get("job"):
            known = self.client.exceptions
            has_ended = (
                known.BadRequestException,
                known.ConflictException,
                known.NotFoundException,
            )
            with self.errors("cancel the job of", key), suppress(*has_ended):
                self.client.cancel_job(Id=id)
        self.forget(key)

    def remember(self, key: str, id: str) -> None:
        """Note the job of a key, if the cache has lost that."""
        if not (self._note(key) or {}).get("job"):
            self._write_note(key, token=secrets.token_hex(16), job=id)

    def forget(self, key: str) -> None:
        cache_store.delete(cache_key("mediaconvert", self.storage, key))

    def url_of(self, key: str) -> str:
        return f"s3://{self.storage.bucket_name}/{self.storage.prefix}{key}"

    def _source(self, original: str) -> Source:
        with self.errors("read", original):
            size = self.storage.size(original)
        facts = read_facts(RangedFile(self.storage, original, 0, size))
        url = self.url_of(original)
        with self.errors("probe", original):
            answer = self.client.probe(InputFiles=[{"FileUrl": url}])
        return Source(url=url, facts=facts, fps=_frame_rate(answer))

    @contextmanager
    def errors(self, action: str, key: str) -> Iterator[None]:
        with self.storage.wrap_errors(action, key):
            yield

    def _note(self, key: str) -> Document | None:
        note: Document | None = cache_store.get(cache_key("mediaconvert", self.storage, key))
        return note

    def _write_note(self, key: str, **note: str) -> None:
        seconds = 2 * conf.mediaconvert_max_seconds  # longer than the job may last
        cache_store.set(cache_key("mediaconvert", self.storage, key), note, seconds)


def _frame_rate(answer: Document) -> float | None:
    """Return the frames per second of the first video track that MediaConvert has found."""
    for result in answer.get("ProbeResults", []):
        for track in result.get("Container", {}).get("Tracks", []):
            rate = track.get("VideoProperties", {}).get("FrameRate", {})
            if rate.get("Numerator") and rate.get("Denominator"):
                return float(rate["Numerator"] / rate["Denominator"])
    return None


def age_of(job: Document) -> float:
    """Return the seconds since a job was created."""
    return time.time() - float(job["CreatedAt"].timestamp())
