"""The run: write a probe, ask for its resize three times, and leave nothing behind."""

import io
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from django.core.files.base import ContentFile
from PIL import Image

from django_shift_media.aws.inspection import failure_code, inspect
from django_shift_media.aws.website import parse_app_url
from django_shift_media.conf import conf
from django_shift_media.diagnostics.http_trace import ask, follow
from django_shift_media.diagnostics.models import Chain, Evidence, Problem, Request, View
from django_shift_media.diagnostics.rules import diagnose, diagnose_view
from django_shift_media.diagnostics.rules_storage import left_behind, not_deleted, not_written
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
    One run on a storage; ``views``, ``problems`` and ``sound`` are what it has come to.

    ``site`` is the app's URL, "" if nobody has said. Raise ``ValueError`` if it makes no sense, or
    if nothing else says on which host the media are seen. ``show`` is given each view as soon as
    there is one.
    """

    def __init__(self, storage: MediaStorage, *, site: str, show: Callable[[View], None]) -> None:
        self.storage = storage
        self.site = site
        self.show = show
        self.chain = expected(storage, keys.new_original(_NAME), site)
        self.views: list[View] = []
        self.problems: list[Problem] = []
        self.sound: list[Request] = []

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    def run(self) -> None:
        wanted = self.chain.original
        try:
            if self._write(wanted):
                self._look()
        finally:
            # Two, where the answer to a first attempt was lost.
            for name in {wanted, self.chain.original}:
                self._clean_up(name)

    def _write(self, wanted: str) -> bool:
        """Write the probe as uploads are written, and say whether that went well."""
        data = io.BytesIO()
        Image.new("RGB", _ORIGINAL_SIZE, "teal").save(data, "PNG")
        try:
            name = self.storage.save(wanted, ContentFile(data.getvalue(), name=_NAME))
        except _FAILURES as error:
            code = failure_code(error.__cause__ or error)
            self.problems.append(not_written(code, str(error), acl=_acl(self.storage, wanted)))
            return False
        self.chain = expected(self.storage, name, self.site)
        return True

    def _look(self) -> None:
        self._view("first")
        evidence = Evidence(stored=self._is_stored())
        if self.views[0].hops[-1].status == 200:  # or there is nothing to be asked for again
            self._view("again")
            self._view_after_deletion()
        if diagnose(self.chain, self.views, evidence):
            evidence = self._inquire(evidence)
        self.problems += diagnose(self.chain, self.views, evidence)
        for view in self.views:
            if not any(diagnose_view(self.chain, view, evidence)):
                self.sound.append(view.request)

    def _view(self, request: Request) -> None:
        self.views.append(View(request, follow(self.chain.url)))
        self.show(self.views[-1])

    def _view_after_deletion(self) -> None:
        try:
            self.storage.delete(self.chain.key)
        except _FAILURES as error:
            self.problems.append(not_deleted(str(error)))
        else:
            self._view("after_deletion")

    def _is_stored(self) -> bool | None:
        try:
            return self.storage.exists(self.chain.key)
        except _FAILURES:
            return None

    def _inquire(self, evidence: Evidence) -> Evidence:
        """Find out more, where something went wrong."""
        if not (isinstance(self.storage, S3MediaStorage) and self.chain.mode == "website"):
            return evidence
        original = ask(_public_url(self.storage, self.chain.original, self.site))
        return replace(evidence, original=original, bucket=inspect(self.storage))

    def _clean_up(self, name: str) -> None:
        was_refused = bool(self.problems) and not self.views
        try:
            self.storage.delete(name)
            if self.storage.exists(name):
                raise StorageUnavailable(f"Could not delete {name!r}, and nothing says why.")
        except _FAILURES as error:
            if not was_refused:
                self.problems.append(left_behind(keys.upload_prefix(name), str(error)))


def expected(storage: MediaStorage, original: str, site: str) -> Chain:
    """Return what the chain of a probe of that key should be."""
    resize = _resize_of(original)
    app, key = _app(site), signing.sign(original, resize)
    s3 = storage if isinstance(storage, S3MediaStorage) else None
    return Chain(
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


def _app(site: str) -> str:
    if not site:
        return url_prefix()
    app = parse_app_url(site, url_prefix())
    return f"{app.scheme}://{app.host}/{app.prefix}"


def _public_url(storage: MediaStorage, key: str, site: str) -> str:
    url = urljoin(site, storage.public_url(key))
    if not url.startswith(("http://", "https://")):
        raise ValueError(
            f"URLs of media begin with {storage.media_url!r}: say on which host, as in"
            " --site https://www.example.com."
        )
    return url


def _acl(storage: MediaStorage, name: str) -> str:
    if isinstance(storage, S3MediaStorage):
        return str(storage.get_object_parameters(name).get("ACL", ""))
    return ""
