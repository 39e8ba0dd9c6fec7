"""``ImageEngine``: what an image engine has to do, whoever has written it."""

from abc import abstractmethod
from collections.abc import Sequence
from io import BytesIO
from typing import Protocol

from PIL import Image

from django_shift_media.engines.engine import ImageInfo
from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.naming.resizes import Resize

METHODS = ("verify", "verify_with_preview", "render", "render_many")


class ImageEngine(Protocol):
    """
    The contract of image engines, and a base class for an engine of one's own.

    An engine is used by many threads at the same time. It reads no settings: the options have
    everything that it may depend on.
    """

    @abstractmethod
    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        """
        Decode an image, with all of its frames, and return its format and its upright size.

        Raise ``UnreadableImage`` for a damaged file and for a format that the options do not
        accept, ``FileTooLarge`` for one that exceeds their limits, before any pixel is decoded,
        and ``MemoryError`` if memory is short.
        """
        ...

    def verify_with_preview(
        self, data: bytes, preview: Resize, options: EngineOptions
    ) -> tuple[ImageInfo, Image.Image]:
        """
        As ``verify()``; also return the pixels of a small PNG resize, for a placeholder.

        An engine that can do both with one decode overrides this.
        """
        info = self.verify(data, options)
        return info, Image.open(BytesIO(self.render(data, preview, options)))

    @abstractmethod
    def render_many(
        self,
        data: bytes,
        resizes: Sequence[Resize],
        options: EngineOptions,
        stopwatch: Stopwatch | None = None,
    ) -> list[bytes]:
        """Return several resizes of one image, encoded; raise as ``verify()`` does."""
        ...

    def render(
        self,
        data: bytes,
        resize: Resize,
        options: EngineOptions,
        stopwatch: Stopwatch | None = None,
    ) -> bytes:
        """Return one resize of an image, encoded; raise as ``verify()`` does."""
        (resized,) = self.render_many(data, [resize], options, stopwatch)
        return resized
