"""Uploads in parts, which browsers send to a storage by themselves: the interface."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

# The limits of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MAX_PARTS = 10_000
MAX_SIZE = 5 * 1024**4  # bytes
# Bytes. Larger than the minimum of S3, 5 MiB: each part costs a request.
_DEFAULT_PART_SIZE = 8 * 1024**2


class Part(NamedTuple):
    """A part that the storage has; the numbers begin at 1, ``size`` is in bytes."""

    number: int
    size: int
    etag: str = ""


class MultipartUploads:
    """
    The uploads in parts of one storage.

    Nothing is visible under the key until the upload is complete. ``upload`` is the ID that
    ``begin()`` has returned. An upload that does not exist, because it was completed or aborted, is
    a ``FileNotFoundError``. Raise ``StorageUnavailable`` if the backend fails.
    """

    def origin(self) -> str | None:
        """
        Return the origin to which browsers send parts, such as "https://uploads.example.com".

        None is that of the app. Sends no request. Raise ``ImproperlyConfigured`` if the options of
        the storage name no host.
        """
        raise NotImplementedError

    def begin(self, key: str, name: str) -> str:
        """Begin an upload to a key, of a file that a person named ``name``; return its ID."""
        raise NotImplementedError

    def part_url(self, key: str, upload: str, part: Part, seconds: int) -> str | None:
        """
        Return the URL to which a browser sends a part with PUT; None to send it to the app.

        The URL is valid for ``seconds`` and for exactly this size.
        """
        raise NotImplementedError

    def put_part(self, upload: str, part: Part, chunks: Iterable[bytes]) -> None:
        """Store a part that the app has received; raise ``ValueError`` for another size."""
        raise NotImplementedError

    def parts(self, key: str, upload: str) -> list[Part]:
        """Return the parts that have arrived, by their numbers."""
        raise NotImplementedError

    def complete(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Make a file of the parts."""
        raise NotImplementedError

    def abort(self, key: str, upload: str) -> None:
        """Delete the parts. An upload that does not exist is ignored."""
        raise NotImplementedError


def part_size_for(size: int) -> int:
    """Return how many bytes each part of a file has, except the last."""
    return max(_DEFAULT_PART_SIZE, -(-size // MAX_PARTS))


def expected_parts(size: int) -> list[Part]:
    """Return the parts of a file with ``size`` bytes, at least one."""
    part_size = part_size_for(size)
    count = max(1, -(-size // part_size))
    last = size - (count - 1) * part_size
    return [Part(n, part_size if n < count else last) for n in range(1, count + 1)]
