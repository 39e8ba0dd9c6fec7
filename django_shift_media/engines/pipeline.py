"""What becomes of a picture after it has been scaled: a walk through ``STEPS``, in Pillow."""

from collections.abc import Callable

from PIL import Image, ImageFilter

from django_shift_media.engines.color.conversion import to_srgb
from django_shift_media.engines.jobs import Job
from django_shift_media.naming.formats import OUTPUT_FORMATS


def apply_pipeline(image: Image.Image, job: Job) -> Image.Image:
    """Return the picture as it is to be encoded, without any metadata."""
    for step in STEPS:
        image = step(image, job)
    if image is job.source.image:  # which may be needed again
        image = image.copy()
    # Encoders take comments, profiles and more from here, whatever they are asked for.
    image.info = {}
    return image


def with_premultiplied_alpha(
    image: Image.Image, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Change a picture so that the color of what is not seen does not show at the edges."""
    if not image.mode.endswith("A"):
        return change(image)
    return change(image.convert(f"{image.mode[:-1]}a")).convert(image.mode)


def _orient(image: Image.Image, job: Job) -> Image.Image:
    return image if job.source.turn is None else image.transpose(job.source.turn)


def _to_srgb(image: Image.Image, job: Job) -> Image.Image:
    return to_srgb(image, job.source.profile, keep_p3=job.keeps_p3)


def _put_on_background(image: Image.Image, job: Job) -> Image.Image:
    """Put the picture on its background, if it has one or needs one."""
    resize, plan = job.resize, job.plan
    is_clear = image.mode.endswith("A")
    needs_one = is_clear and not OUTPUT_FORMATS[resize.format].transparent
    if not (resize.background or needs_one or resize.how == "pad"):
        return image
    ground = Image.new("RGB", plan.size, f"#{resize.background or 'ffffff'}")
    ground.paste(image, plan.offset, mask=image.getchannel("A") if is_clear else None)
    return ground


def _blur(image: Image.Image, job: Job) -> Image.Image:
    if not job.resize.blur:
        return image
    blur = ImageFilter.GaussianBlur(job.resize.blur)
    return with_premultiplied_alpha(image, lambda image: image.filter(blur))


def _sharpen(image: Image.Image, job: Job) -> Image.Image:
    if not job.resize.sharpen:
        return image
    mask = ImageFilter.UnsharpMask(radius=1, percent=job.resize.sharpen, threshold=0)
    return with_premultiplied_alpha(image, lambda image: image.filter(mask))


def _to_gray(image: Image.Image, job: Job) -> Image.Image:
    """Weigh the colors of sRGB as they are encoded: ITU-R BT.601."""
    if not job.resize.grayscale:
        return image
    return image.convert("LA" if image.mode.endswith("A") else "L")


Step = Callable[[Image.Image, Job], Image.Image]
STEPS: tuple[Step, ...] = (_orient, _to_srgb, _put_on_background, _blur, _sharpen, _to_gray)
