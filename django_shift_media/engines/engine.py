"""The way from bytes to bytes that all engines take; each brings what scales the picture."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from django_shift_media.engines.color.conversion import is_p3
from django_shift_media.engines.decode.frames import frames_of, plays_of
from django_shift_media.engines.decode.open import SourceImage, decoding, open_image
from django_shift_media.engines.encode.animation import AnimationTiming
from django_shift_media.engines.encode.writers import Picture, encode
from django_shift_media.engines.exif import credit_of
from django_shift_media.engines.jobs import Job, job_of
from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.pipeline import apply_pipeline
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.resizes import Resize


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a file is by its content: width and height in pixels, upright (EXIF applied)."""

    format: SourceFormat
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


# Bytes, the same opened, and jobs → for each frame of each job: the job, the part of the picture
# that it wants, scaled and not yet upright, in full color, and its duration in milliseconds.
Scale = Callable[[bytes, SourceImage, Sequence[Job]], Iterable[tuple[Job, Image.Image, int]]]


@dataclass(frozen=True, slots=True)
class Engine:
    """An image engine. What it accepts does not depend on ``scale``: Pillow decides that."""

    scale: Scale

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        """
        Decode an image, of an animation each frame, to see that all of it can be decoded.

        Raise ``UnreadableImage`` or, before any pixel is decoded, ``FileTooLarge``.
        ``options.max_pixels`` is for all frames together.
        """
        with decoding(data, options):
            source = open_image(data, options)
            source.shrink_on_load((1, 1))  # read every byte, make few pixels
            for _ in frames_of(source.image, range(source.frames.stop)):
                pass
            return ImageInfo(source.format, *source.size)

    def render(
        self,
        data: bytes,
        resize: Resize,
        options: EngineOptions,
        stopwatch: Stopwatch | None = None,
    ) -> bytes:
        """
        Return the resize, encoded, without any metadata; raise as ``verify()`` does.

        The laps of the stopwatch are "decode", all that is done with pixels, and "encode".
        """
        (resized,) = self.render_many(data, [resize], options, stopwatch)
        return resized

    def render_many(
        self,
        data: bytes,
        resizes: Sequence[Resize],
        options: EngineOptions,
        stopwatch: Stopwatch | None = None,
    ) -> list[bytes]:
        """
        Return several resizes of one image, which is decoded once, for the largest of them.

        Of a JPEG, the smaller ones are therefore made from more pixels than ``render()`` takes:
        they look the same, but need not be the same bytes.
        """
        stopwatch = stopwatch or Stopwatch()
        with decoding(data, options):
            source = open_image(data, options)
            jobs = [job_of(resize, source, options) for resize in resizes]
            for job, image, duration in self.scale(data, source, jobs):
                job.frames.append(apply_pipeline(image, job))
                job.durations.append(duration)
            plays, exif = plays_of(source.image), _credit(source, options)
        stopwatch.lap("decode")
        encoded = [encode(_picture(job, plays, exif), job.resize) for job in jobs]
        stopwatch.lap("encode")
        return encoded


def _credit(source: SourceImage, options: EngineOptions) -> bytes | None:
    return credit_of(source.image) if options.keep_credit else None


def _picture(job: Job, plays: int, exif: bytes | None) -> Picture:
    timing = AnimationTiming(tuple(job.durations), plays) if len(job.frames) > 1 else None
    profile = job.source.profile if job.keeps_p3 and is_p3(job.source.profile) else None
    return Picture(job.frames, timing, profile, exif)
