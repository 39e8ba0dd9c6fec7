"""Uploads in parts to a bucket, with presigned URLs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured

from django_shift_media.storages.multipart import MultipartUploads, Part

if TYPE_CHECKING:
    from django_shift_media.storages.s3 import S3MediaStorage

# Ceph responds with NoSuchKey to a request for the parts (seen with 16.2).
_NO_SUCH_UPLOAD = frozenset({"NoSuchUpload", "NoSuchKey"})


class S3Multipart(MultipartUploads):
    """
    Multipart uploads of S3, whose parts have signed lengths.

    Parts are listed by the app, so browsers need not read the header ``ETag``.
    """

    def __init__(self, storage: "S3MediaStorage") -> None:
        self.storage = storage

    def origin(self) -> str:
        # To find the host of a bucket, boto3 needs no credentials, which it might have to ask for.
        try:
            parts = urlsplit(self.storage.upload_url or self.storage.unsigned_url("a"))
        except BotoCoreError as error:  # an invalid region or name of a bucket, for example
            raise ImproperlyConfigured(str(error)) from error
        return f"{parts.scheme}://{parts.netloc}"

    def begin(self, key: str, name: str) -> str:
        content = SimpleNamespace(download_name=name)
        parameters = self.storage._get_write_parameters(key, content)
        with self.storage.wrap_errors("begin to upload", key):
            created = self.storage.client.create_multipart_upload(**self._at(key), **parameters)
        return created["UploadId"]

    def part_url(self, key: str, upload: str, part: Part, seconds: int) -> str:
        if base := self.storage.upload_url:
            return self._url_at(base, key, upload, part, seconds)
        # The length becomes a signed header, so that S3 refuses any other. Without a body, there
        # is no checksum to sign: https://github.com/seaweedfs/seaweedfs/issues/10216
        parameters = {
            **self._at(key),
            "UploadId": upload,
            "PartNumber": part.number,
            "ContentLength": part.size,
        }
        return self.storage.client.generate_presigned_url(
            "upload_part", Params=parameters, ExpiresIn=seconds
        )

    def _url_at(self, base: str, key: str, upload: str, part: Part, seconds: int) -> str:
        """Presign the URL of a part below another URL than boto3 knows; the host is signed."""
        query = urlencode({"partNumber": part.number, "uploadId": upload})
        path = quote(self.storage.prefix + key, safe="/~")
        request = AWSRequest(
            method="PUT",
            url=f"{base}/{path}?{query}",
            headers={"Content-Length": str(part.size)},
        )
        with self.storage.wrap_errors("sign", key):  # without credentials, for example
            client: Any = self.storage.client
            credentials = client._request_signer._credentials  # it renews those of a role
            region = client.meta.region_name
            S3SigV4QueryAuth(credentials, "s3", region, expires=seconds).add_auth(request)
        return str(request.url)

    def parts(self, key: str, upload: str) -> list[Part]:
        with self._wrap_errors("list the parts of", key):
            pages = self.storage.client.get_paginator("list_parts").paginate(
                **self._at(key), UploadId=upload
            )
            return [
                Part(part["PartNumber"], part["Size"], part["ETag"])
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        with self._wrap_errors("complete", key):
            self.storage.client.complete_multipart_upload(
                **self._at(key),
                UploadId=upload,
                MultipartUpload={
                    "Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
                },
            )

    def abort(self, key: str, upload: str) -> None:
        with suppress(FileNotFoundError), self._wrap_errors("abort", key):
            self.storage.client.abort_multipart_upload(**self._at(key), UploadId=upload)

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.storage.bucket_name, "Key": self.storage.prefix + key}

    @contextmanager
    def _wrap_errors(self, action: str, key: str) -> Iterator[None]:
        with self.storage.wrap_errors(action, key):
            try:
                yield
            except ClientError as error:
                if error.response["Error"]["Code"] in _NO_SUCH_UPLOAD:
                    raise FileNotFoundError(key) from error
                raise
