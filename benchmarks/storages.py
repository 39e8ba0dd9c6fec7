"""Create the originals and requested resizes of a measurement, the same for all candidates."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.test import override_settings

from django_shift_media.storages.base import MediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from tests.support.buckets import configured_bucket
from tests.support.loads import put_original
from tests.support.servers import SERVERS


class ResizeRequest(NamedTuple):
    """A requested resize: the index of an original, and the box to fill."""

    original: int
    width: int
    height: int

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


def resize_requests(number: int, originals: int) -> list[ResizeRequest]:
    """Return different resizes of about 300 by 300."""
    # 97 and 89 have no common factor: the pairs repeat after 8,633.
    return [ResizeRequest(n % originals, 250 + n % 97, 250 + n % 89) for n in range(number)]


class PreparedStorage(NamedTuple):
    """
    A storage with originals: the bucket of a server, or ``media`` in the folder without one.

    ``originals`` are keys. ``files`` are the same images, outside of the storage.
    """

    folder: Path
    storage: MediaStorage
    originals: Sequence[str]
    files: Sequence[Path]
    server: Any = None

    @property
    def bucket(self) -> str:
        return str(getattr(self.storage, "bucket_name", ""))

    @property
    def media(self) -> Path:
        return self.folder / "media"

    @property
    def base(self) -> str:
        """Return the URL at the S3 server to which keys are appended."""
        return f"{self.server.endpoint_url}/{self.bucket}/"


@contextmanager
def prepared_storage(server: str, photos: int, side: int) -> Iterator[PreparedStorage]:
    """Store photos of ``4 * side`` by ``3 * side`` on an S3 server, or on local disk (``""``)."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(override_settings(MEDIA_ROOT=folder / "media"))
        started = stack.enter_context(SERVERS[server]()) if server else None
        if started:
            with redirect_stdout(io.StringIO()):
                configured_bucket(settings, started, "http://app.example")
        files = [folder / f"{number}.jpg" for number in range(photos)]
        for seed, file in enumerate(files):
            file.write_bytes(draw_photo(4 * side, 3 * side, seed=seed, quality=90))
        kept = media_storage()
        originals = [put_original(kept, file.read_bytes()) for file in files]
        yield PreparedStorage(folder, kept, originals, files, started)
