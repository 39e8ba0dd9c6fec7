"""
Colors as a color-managed viewer shows them, in Pillow's images.

What cannot be scaled smoothly becomes gray or full color of 8 bits first; profiles are applied
after scaling, where there is less to do. All of it leaves "L" or "RGB", with "A" where something
is transparent.
"""

import io
import itertools
from functools import lru_cache
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageMath

_LARGEST_PROFILE = 10_000_000  # bytes; those of printing presses have up to three million
# Red, green and blue of Display P3 in XYZ, adapted to D50 as profiles have them: SMPTE EG 432-1.
_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
_NEAR = 0.003
_LEVELS = 9  # of red, green and blue, that are tried


def to_full_color(image: Image.Image) -> Image.Image:
    """Leave no mode that cannot be scaled smoothly: no palette, no single bits, no 16 bits."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "CMYK":
        return fix_inverted_cmyk(image)
    if image.mode == "LAB":
        return image
    base = "L" if image.mode in {"1", "L", "LA"} else "RGB"
    mode = f"{base}A" if image.has_transparency_data else base
    return image if image.mode == mode else image.convert(mode)


def _from_16_bits(image: Image.Image) -> Image.Image:
    wide = image.convert("I")
    gray = wide.point(lambda value: value / 257 + 0.5).convert("L")
    clear = image.info.get("transparency")
    if clear is None:
        return gray
    opaque = ImageMath.lambda_eval(lambda given: (given["wide"] != clear) * 255, wide=wide)
    gray.putalpha(opaque.convert("L"))
    return gray


def fix_inverted_cmyk(image: Image.Image) -> Image.Image:
    """Turn the inks of a JPEG around that is no Adobe's: Pillow takes all of them for Adobe's."""
    is_adobe = "adobe" in image.info or getattr(image, "format", None) != "JPEG"
    return image if is_adobe else ImageChops.invert(image)


def to_srgb(image: Image.Image, profile: bytes | None, *, keep_p3: bool = False) -> Image.Image:
    """Convert from a profile, so that the picture may be shown without one."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colors = image.convert(image.mode[:-1]) if alpha else image
    if not (keep_p3 and is_p3(profile)):
        colors = _converted(colors, profile)
    if colors.mode not in {"L", "RGB"}:
        colors = colors.convert("RGB")
    if alpha:
        colors.putalpha(alpha)
    return colors


def is_p3(profile: bytes | None) -> bool:
    """Say whether a profile is that of Display P3, by its primaries."""
    opened = _opened(profile) if profile else None
    if opened is None:
        return False
    found = (opened.red_colorant, opened.green_colorant, opened.blue_colorant)
    return all(found) and all(
        abs(one - other) < _NEAR
        for color, wanted in zip(found, _P3, strict=True)
        for one, other in zip(color[0], wanted, strict=True)
    )


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "LAB":
        profile = None
    elif not profile or len(profile) > _LARGEST_PROFILE:
        return image
    is_gray = image.mode == "L"
    try:
        if is_gray and not _is_for_gray(profile):
            image = image.convert("RGB")
        transform = _transform(profile, image.mode)
        converted = transform.apply(image) if transform else image
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile, or one for other pictures: viewers ignore it, too
    return converted.convert("L") if is_gray else converted


def _is_for_gray(profile: bytes | None) -> bool:
    opened = _opened(profile) if profile else None
    return opened is not None and opened.xcolor_space.strip() == "GRAY"


def _opened(profile: bytes) -> Any:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    except (ImageCms.PyCMSError, OSError):
        return None


@lru_cache(maxsize=16)
def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """
    Return what converts from a profile, None: from Lab. Photos of one camera share it.

    For the many profiles that are of sRGB themselves, there is none.
    """
    source = (
        ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
    )
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        # The latter keeps the curves that a table's steps are laid by.
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.CLUT_PRE_LINEARIZATION,
    )
    return transform if mode not in {"L", "RGB"} or _changes_colors(transform, mode) else None


def _changes_colors(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Try a chart: say whether any of its colors changes by more than rounding."""
    chart = Image.new("RGB", (_LEVELS**3, 1))
    levels = [round(255 * level / (_LEVELS - 1)) for level in range(_LEVELS)]
    chart.putdata(list(itertools.product(levels, repeat=3)))
    chart = chart.convert(mode)
    changes = ImageChops.difference(transform.apply(chart), chart.convert("RGB"))
    return max(most for _, most in changes.getextrema()) > 1  # type: ignore[misc]
