"""The engine of choice for each format, by measurement: ``python -m benchmarks engine``."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from types import MappingProxyType

from PIL import Image

from django_shift_media.engines import pillow
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.opening import Opened
from django_shift_media.engines.rendering import Renderer, Scale
from django_shift_media.formats import SourceFormat

_SCALES: MappingProxyType[SourceFormat, Scale]
if find_spec("pyvips"):
    from django_shift_media.engines import vips

    _SCALES = MappingProxyType({"png": vips.scale, "webp": vips.scale})
else:
    _SCALES = MappingProxyType({})


def scale(
    data: bytes, source: Opened, jobs: Sequence[Job]
) -> Iterator[tuple[Job, Image.Image, int]]:
    yield from _SCALES.get(source.format, pillow.scale)(data, source, jobs)


engine = Renderer(scale)
