"""
The pipeline of an image, from a file to a resize.

===========  ====================================  ===============================================
step         where                                 what it does
===========  ====================================  ===============================================
open         ``decode/open.py``                    checks the header against the limits, opens
decode       ``pillow_backend.py``, ``vips.py``    decodes frames, no larger than the jobs need
scale        ``pillow_backend.py``, ``vips.py``    converts to gray or RGB of 8 bits, crops, scales
``STEPS``    below                                 turn upright, convert colors, apply options
encode       ``encode/writers.py``                 encodes the frames
===========  ====================================  ===============================================

``Engine.render_many()`` runs it.
"""

from collections.abc import Callable

from PIL import Image, ImageFile, ImageFilter

from django_shift_media.engines.color.conversion import to_srgb
from django_shift_media.engines.jobs import Job
from django_shift_media.engines.own_steps import apply_own_steps
from django_shift_media.naming.formats import OUTPUT_FORMATS


def orient(image: Image.Image, job: Job) -> Image.Image:
    """Turn the image upright."""
    transpose = job.source.transpose
    return image if transpose is None else image.transpose(transpose)


def convert_colors(image: Image.Image, job: Job) -> Image.Image:
    """Convert from the profile of the original to sRGB, unless Display P3 is kept."""
    return to_srgb(image, job.source.profile, keep_p3=job.keeps_display_p3)


def add_background(image: Image.Image, job: Job) -> Image.Image:
    """Put the image on its background, if one is requested or required."""
    resize, geometry = job.resize, job.geometry
    has_alpha = image.mode.endswith("A")
    is_required = has_alpha and not OUTPUT_FORMATS[resize.format].transparent
    if not (resize.background or is_required or resize.how == "pad"):
        return image
    background = Image.new("RGB", geometry.size, f"#{resize.background or 'ffffff'}")
    mask = image.getchannel("A") if has_alpha else None
    # After the steps of a site's own, the image has its final size.
    offset = (0, 0) if image.size == geometry.size else geometry.offset
    background.paste(image, offset, mask=mask)
    return background


def blur(image: Image.Image, job: Job) -> Image.Image:
    if not job.resize.blur:
        return image
    gaussian = ImageFilter.GaussianBlur(job.resize.blur)
    return with_premultiplied_alpha(image, lambda image: image.filter(gaussian))


def sharpen(image: Image.Image, job: Job) -> Image.Image:
    if not job.resize.sharpen:
        return image
    unsharp_mask = ImageFilter.UnsharpMask(radius=1, percent=job.resize.sharpen, threshold=0)
    return with_premultiplied_alpha(image, lambda image: image.filter(unsharp_mask))


def to_grayscale(image: Image.Image, job: Job) -> Image.Image:
    """Weigh red, green and blue, as encoded in sRGB, by ITU-R BT.601."""
    if not job.resize.grayscale:
        return image
    return image.convert("LA" if image.mode.endswith("A") else "L")


def own_steps(image: Image.Image, job: Job) -> Image.Image:
    """Apply the steps of ``SHIFT_MEDIA_STEPS``; what they make transparent gets a background."""
    if not job.resize.steps:
        return image
    image = apply_own_steps(image, job.resize, job.options)
    return add_background(image, job) if image.mode.endswith("A") else image


def strip_metadata(image: Image.Image, job: Job) -> Image.Image:
    """Leave nothing that Pillow's encoders would write without being asked, such as comments."""
    # Other jobs may still need the image, or it is a frame whose file encoders would read again.
    if image is job.source.image or isinstance(image, ImageFile.ImageFile):
        image = image.copy()
    image.info = {}
    return image


Step = Callable[[Image.Image, Job], Image.Image]
STEPS: tuple[Step, ...] = (
    orient,
    convert_colors,
    add_background,
    blur,
    sharpen,
    to_grayscale,
    own_steps,
    strip_metadata,
)


def apply_steps(image: Image.Image, job: Job) -> Image.Image:
    """Return a scaled image as it is to be encoded."""
    for step in STEPS:
        image = step(image, job)
    return image


def with_premultiplied_alpha(
    image: Image.Image, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Apply a change to premultiplied colors, so that invisible colors do not bleed at edges."""
    if not image.mode.endswith("A"):
        return change(image)
    return change(image.convert(f"{image.mode[:-1]}a")).convert(image.mode)
