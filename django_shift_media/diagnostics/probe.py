"""Store a probe, request its resize three times, and delete it again."""

import io
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from django.core.files.base import ContentFile
from PIL import Image

from django_shift_media.aws.common import name_storage
from django_shift_media.aws.inspection import error_code, read_bucket_configuration
from django_shift_media.aws.website import parse_app_url
from django_shift_media.conf import conf
from django_shift_media.diagnostics import rules_private, rules_uploads
from django_shift_media.diagnostics.http_trace import fetch, follow
from django_shift_media.diagnostics.models import (
    Evidence,
    Expectations,
    Problem,
    RequestName,
    Trace,
)
from django_shift_media.diagnostics.rules import diagnose, diagnose_trace
from django_shift_media.diagnostics.rules_storage import deletion_failed, left_behind, upload_failed
from django_shift_media.diagnostics.upload_probe import send_parts, takes_uploads
from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.naming import keys, signing
from django_shift_media.naming.formats import content_type
from django_shift_media.naming.presets import preset_resizes
from django_shift_media.naming.resize_options import default_format
from django_shift_media.naming.resizes import Resize
from django_shift_media.naming.urlconf import url_prefix
from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.s3 import S3MediaStorage

_NAME = "check-media.png"
_ORIGINAL_SIZE = (64, 48)
_RESIZE = Resize(width=24, height=24, how="fill", format="webp")
_FAILURES = (StorageUnavailable, OSError)


class Diagnosis:
    """
    One run of the checks on a storage; ``traces``, ``passed`` and ``problems`` are its results.

    ``unverified`` are requests whose response shows nothing, because it came from a cache.
    ``site`` is the app's public URL, "" if unknown. Raise ``ValueError`` if it is invalid, or
    unknown while the URLs of media have no host. ``on_trace`` is called after each request.
    """

    def __init__(
        self, storage: MediaStorage, *, site: str, on_trace: Callable[[Trace], None]
    ) -> None:
        self.storage = storage
        self.site = site
        self.on_trace = on_trace
        self.expected = expectations_for(storage, keys.new_original(_NAME), site)
        self.traces: list[Trace] = []
        self.problems: list[Problem] = []
        self.passed: list[RequestName] = []
        self.unverified: list[RequestName] = []

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    def run(self) -> None:
        requested = self.expected.original
        try:
            if self._store_probe(requested):
                self._send_requests()
        finally:
            # If the response to a first attempt was lost, the storage has used another name.
            for name in {requested, self.expected.original}:
                self._clean_up(name)
            alias = None if self.storage.is_default else self.storage.alias
            self.problems = [
                replace(problem, remedy=name_storage(problem.remedy, alias))
                for problem in self.problems
            ]

    def _store_probe(self, requested: str) -> bool:
        """Store the probe as an upload; return whether that succeeded."""
        data = io.BytesIO()
        Image.new("RGB", _ORIGINAL_SIZE, "teal").save(data, "PNG")
        try:
            name = self.storage.save(requested, ContentFile(data.getvalue(), name=_NAME))
        except _FAILURES as error:
            code = error_code(error.__cause__ or error)
            self.problems.append(upload_failed(code, str(error), acl=_acl(self.storage, requested)))
            return False
        self.expected = expectations_for(self.storage, name, self.site)
        return True

    def _send_requests(self) -> None:
        if self.storage.access:
            self._send_requests_of_a_stranger()
        else:
            self._send_requests_of_a_visitor()
        if isinstance(self.storage, S3MediaStorage) and takes_uploads(self.storage):
            self._send_parts(self.storage)

    def _send_requests_of_a_stranger(self) -> None:
        """Request private files without a permission, which must be refused."""
        original = self.expected.original
        self._trace("stranger")
        self._trace("stranger_original", _public_url(self.storage, original, self.site))
        if isinstance(self.storage, S3MediaStorage):
            presigned = self.storage.handover(original, "GET")["Location"]
            self._trace("bucket", presigned.partition("?")[0])
        for trace in self.traces:
            if problem := rules_private.diagnose(self.expected, trace):
                self.problems.append(problem)
            else:
                self.passed.append(trace.request)

    def _send_requests_of_a_visitor(self) -> None:
        self._trace("first")
        evidence = Evidence(stored=self._is_stored())
        if self.traces[0].hops[-1].status == 200:  # otherwise there is no resize to request again
            self._trace("again")
            if self.expected.mode == "failover":
                self._trace_behind_cdn()
            if self._trace_after_deletion():
                evidence = replace(evidence, remade=self._is_stored())
        if diagnose(self.expected, self.traces, evidence):
            evidence = self._collect_evidence(evidence)
        self.problems += diagnose(self.expected, self.traces, evidence)
        for trace in self.traces:
            if not any(diagnose_trace(self.expected, trace, evidence)):
                is_remade = trace.request != "after_deletion" or evidence.remade is not False
                (self.passed if is_remade else self.unverified).append(trace.request)

    def _send_parts(self, storage: S3MediaStorage) -> None:
        try:
            for trace in send_parts(storage, self.expected.original, self.site):
                self.traces.append(trace)
                self.on_trace(trace)
                if problem := rules_uploads.diagnose(self.expected, trace):
                    self.problems.append(problem)
                else:
                    self.passed.append(trace.request)
        except _FAILURES as error:
            code = error_code(error.__cause__ or error)
            self.problems.append(upload_failed(code, str(error), acl=""))

    def _trace(self, request: RequestName, url: str = "") -> Trace:
        self.traces.append(Trace(request, follow(url or self.expected.url)))
        self.on_trace(self.traces[-1])
        return self.traces[-1]

    def _trace_behind_cdn(self) -> None:
        """Request files that only the bucket can serve: neither a cache nor the app can."""
        key = _unsigned(self.expected.key)
        try:
            self.storage.put(key, self.traces[0].hops[-1].body)
        except _FAILURES as error:
            code = error_code(error.__cause__ or error)
            self.problems.append(upload_failed(code, str(error), acl=""))
            return
        stored = self._trace("stored", _public_url(self.storage, key, self.site))
        is_presigned = isinstance(self.storage, S3MediaStorage) and self.storage.querystring_auth
        if stored.hops[-1].status == 200 and not is_presigned:
            self._trace("original", _public_url(self.storage, self.expected.original, self.site))

    def _trace_after_deletion(self) -> bool:
        try:
            self.storage.delete(self.expected.key)
        except _FAILURES as error:
            self.problems.append(deletion_failed(str(error)))
            return False
        self._trace("after_deletion")
        return True

    def _is_stored(self) -> bool | None:
        try:
            return self.storage.exists(self.expected.key)
        except _FAILURES:
            return None

    def _collect_evidence(self, evidence: Evidence) -> Evidence:
        """Collect further facts after a problem was found."""
        if not isinstance(self.storage, S3MediaStorage) or self.expected.mode == "app":
            return evidence
        evidence = replace(evidence, bucket=read_bucket_configuration(self.storage))
        if self.expected.mode == "failover":
            return evidence
        original = fetch(_public_url(self.storage, self.expected.original, self.site))
        return replace(evidence, original=original)

    def _clean_up(self, name: str) -> None:
        was_not_stored = bool(self.problems) and not self.traces
        try:
            self.storage.delete(name)
            if self.storage.exists(name):
                raise StorageUnavailable(f"{name!r} still exists after it was deleted.")
        except _FAILURES as error:
            if not was_not_stored:
                self.problems.append(left_behind(keys.upload_prefix(name), str(error)))


def expectations_for(storage: MediaStorage, original: str, site: str) -> Expectations:
    """Return the expectations for a probe with this key."""
    resize = _resize_of(original)
    app, key = _app_base_url(storage, site), signing.sign(original, resize)
    s3 = storage if isinstance(storage, S3MediaStorage) else None
    return Expectations(
        mode=storage.mode,
        url=_public_url(storage, key, site),
        key=key,
        original=original,
        app=app,
        site=site or "https://www.example.com",
        content_type=content_type(key),
        size=resize.geometry(*_ORIGINAL_SIZE).size,
        bucket=s3.bucket_name if s3 else "",
        prefix=s3.prefix if s3 else "",
    )


def _resize_of(original: str) -> Resize:
    if conf.presets_only and conf.presets:
        return preset_resizes(next(iter(conf.presets)), default_format(original))[0]
    return _RESIZE


def _app_base_url(storage: MediaStorage, site: str) -> str:
    prefix = url_prefix(storage.alias)
    if not site:
        return prefix
    app = parse_app_url(site, prefix)
    return f"{app.scheme}://{app.host}/{app.prefix}"


def _public_url(storage: MediaStorage, key: str, site: str) -> str:
    url = urljoin(site, storage.public_url(key))
    if not url.startswith(("http://", "https://")):
        raise ValueError(
            f"The URLs of media begin with {storage.media_url!r}, without a host. Use --site with"
            " the public URL of the app, such as --site https://www.example.com."
        )
    return url


def _unsigned(key: str) -> str:
    """Return the key of a resize with another signature, which the app never serves."""
    stem, extension = key.rsplit(".", 1)
    other_digit = "0" if stem[-1] != "0" else "1"
    return f"{stem[:-1]}{other_digit}.{extension}"


def _acl(storage: MediaStorage, name: str) -> str:
    if isinstance(storage, S3MediaStorage):
        return str(storage.get_object_parameters(name).get("ACL", ""))
    return ""
