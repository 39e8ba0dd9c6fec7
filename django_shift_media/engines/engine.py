"""``Engine``: bytes, a ``Resize`` and options in, bytes out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image

from django_shift_media.engines.color.conversion import is_display_p3
from django_shift_media.engines.credit import Credit, read_credit
from django_shift_media.engines.decode.errors import wrap_decoder_errors, wrap_encoder_errors
from django_shift_media.engines.decode.frames import iter_frames, play_count, shown_durations
from django_shift_media.engines.decode.open import SourceImage, open_image
from django_shift_media.engines.encode.animation import AnimationTiming
from django_shift_media.engines.encode.writers import EncoderInput, encode
from django_shift_media.engines.jobs import DecodedFrame, Job, job_for
from django_shift_media.engines.memory import require_memory
from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.pillow_backend import decode_all, scale
from django_shift_media.engines.pipeline import apply_steps
from django_shift_media.engines.stopwatch import Stopwatch
from django_shift_media.naming.formats import SourceFormat
from django_shift_media.naming.resizes import ImageFormat, Resize

# At most so many bytes of memory for each pixel of a frame that is encoded.
_ENCODER_BYTES_PER_PIXEL = 16
# Encoders that end the process if they lack memory: bytes for each pixel of a frame, and for their
# threads and tables. Measured with libavif 1.4 and its aom, Pillow 13.0 (``quantize()``), and
# pillow-jxl-plugin 1.3.
_ABORTING_ENCODERS: MappingProxyType[ImageFormat, tuple[int, int]] = MappingProxyType(
    {
        "avif": (32, 64_000_000),
        "gif": (16, 32_000_000),
        "jxl": (100, 100_000_000),
        "png": (16, 32_000_000),
    }
)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a file is by its content; width and height are upright (EXIF applied), in pixels."""

    format: SourceFormat
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Backend:
    """
    The two steps in which engines differ.

    ``decode`` yields the frames that jobs need, no larger than they need them. ``scale`` returns
    for each job of a frame the part that it shows, at its size, in gray or RGB of 8 bits.
    """

    decode: Callable[[bytes, SourceImage, Sequence[Job]], Iterable[DecodedFrame]]
    scale: Callable[[DecodedFrame], list[Image.Image]]


@dataclass(frozen=True, slots=True)
class Engine:
    """
    An image engine. ``backend_for`` chooses the backend for an original and its jobs.

    The files that are accepted do not depend on the engine: Pillow opens and verifies them.
    """

    backend_for: Callable[[SourceImage, Sequence[Job]], Backend]

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        """
        Decode an image, with all of its frames, to verify that this is possible.

        Raise ``UnreadableImage`` or, before any pixel is decoded, ``FileTooLarge``.
        """
        with wrap_decoder_errors(data, options):
            source = open_image(data, options)
            source.shrink_on_load((1, 1))  # read all of the bytes, produce few pixels
            for _ in iter_frames(data, source, range(source.frames.stop)):
                pass
            return ImageInfo(source.format, *source.size)

    def verify_with_preview(
        self, data: bytes, preview: Resize, options: EngineOptions
    ) -> tuple[ImageInfo, Image.Image]:
        """
        As ``verify()``; also return the pixels of a resize of a still image, from the same decode.

        Pillow scales it, as it has decoded the image.
        """
        with wrap_decoder_errors(data, options):
            source = open_image(data, options)
            job = job_for(preview, source, options)
            for frame in decode_all(data, source, [job]):
                if frame.jobs:
                    (image,) = scale(frame)
                    job.frames.append(apply_steps(image, job))
            return ImageInfo(source.format, *source.size), job.frames[0]

    def render(
        self,
        data: bytes,
        resize: Resize,
        options: EngineOptions,
        stopwatch: Stopwatch | None = None,
    ) -> bytes:
        """
        Return a resize, encoded, without metadata; raise as ``verify()`` does.

        The laps of the stopwatch are "decode", for all work on pixels, and "encode".
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
        Return several resizes of one image, which is decoded once.

        A JPEG is decoded at a scale for the largest resize, so the smaller ones are made from more
        pixels than in ``render()``: they look the same, but their bytes may differ.
        """
        stopwatch = stopwatch or Stopwatch()
        with wrap_decoder_errors(data, options):
            source = open_image(data, options)
            jobs = [job_for(resize, source, options) for resize in resizes]
            backend = self.backend_for(source, jobs)
            for frame in backend.decode(data, source, jobs):
                for job, image in zip(frame.jobs, backend.scale(frame), strict=True):
                    job.frames.append(apply_steps(image, job))
                    job.times.append(frame.times)
            credit = read_credit(source, data) if options.keep_credit else Credit()
            inputs = [_encoder_input(job, credit) for job in jobs]
        stopwatch.lap("decode")
        encoded = [_encode(given, job) for given, job in zip(inputs, jobs, strict=True)]
        stopwatch.lap("encode")
        return encoded


def _encode(given: EncoderInput, job: Job) -> bytes:
    pixels = given.frames[0].width * given.frames[0].height
    if job.resize.format in _ABORTING_ENCODERS:
        each, overhead = _ABORTING_ENCODERS[job.resize.format]
        require_memory(pixels * each + overhead)
    with wrap_encoder_errors(len(given.frames) * pixels * _ENCODER_BYTES_PER_PIXEL):
        return encode(given, job.resize)


def _encoder_input(job: Job, credit: Credit) -> EncoderInput:
    source, timing = job.source, None
    if len(job.frames) > 1:
        timing = AnimationTiming(tuple(shown_durations(job.times)), play_count(source.image))
    keeps_profile = job.keeps_display_p3 and is_display_p3(source.profile)
    profile = source.profile if keeps_profile else None
    return EncoderInput(job.frames, timing, profile, credit.exif, credit.xmp)
