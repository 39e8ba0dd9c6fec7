"""
Convert colors in Pillow's images, as a color-managed viewer shows them.

Before scaling, modes that cannot be scaled smoothly become grayscale or RGB of 8 bits. Profiles
are applied after scaling, when there are fewer pixels. All results have mode "L" or "RGB", or
"LA" or "RGBA" if something is transparent.
"""

import io
import itertools
from functools import lru_cache
from typing import Any

from PIL import Image, ImageChops, ImageCms, ImageMath

_MAX_PROFILE_BYTES = 10_000_000  # those of printing presses have up to three million
# Red, green and blue of Display P3 in XYZ, adapted to D50 as in profiles: SMPTE EG 432-1.
_DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
_XYZ_TOLERANCE = 0.003
_CHART_LEVELS = 9  # of red, green and blue


def to_scalable_mode(image: Image.Image) -> Image.Image:
    """Convert palettes, 1-bit and 16-bit images to 8 bits for each channel; return others as is."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "CMYK":
        return fix_inverted_cmyk(image)
    if image.mode == "LAB":
        return image
    if image.mode == "La":
        return image.convert("LA")
    base = "L" if image.mode in {"1", "L", "LA"} else "RGB"
    mode = f"{base}A" if image.has_transparency_data else base
    return image if image.mode == mode else image.convert(mode)


def _from_16_bits(image: Image.Image) -> Image.Image:
    """
    Return 8 bits of a grayscale image of 16 bits, with its transparent gray.

    Pillow's own conversion clips at 255 instead of scaling:
    https://github.com/python-pillow/Pillow/issues/3011.
    """
    wide = image.convert("I")
    gray = wide.point(lambda value: value / 257 + 0.5).convert("L")
    transparent = image.info.get("transparency")
    if transparent is None:
        return gray
    alpha = ImageMath.lambda_eval(lambda images: (images["wide"] != transparent) * 255, wide=wide)
    gray.putalpha(alpha.convert("L"))
    return gray


def fix_inverted_cmyk(image: Image.Image) -> Image.Image:
    """
    Invert a CMYK JPEG that Adobe software has not written.

    Adobe stores inverted inks, and Pillow assumes that all CMYK JPEGs do. It ignores the Adobe
    marker: https://github.com/python-pillow/Pillow/pull/3953. Seen with Pillow 13.0.
    """
    is_adobe = "adobe" in image.info or getattr(image, "format", None) != "JPEG"
    return image if is_adobe else ImageChops.invert(image)


def to_srgb(image: Image.Image, profile: bytes | None, *, keep_p3: bool = False) -> Image.Image:
    """
    Convert an image from its profile to sRGB, so that it needs no profile.

    With ``keep_p3``, colors of Display P3 stay, and the image needs its profile.
    """
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colors = image.convert(image.mode[:-1]) if alpha else image
    if not (keep_p3 and is_display_p3(profile)):
        colors = _apply_profile(colors, profile)
    if colors.mode not in {"L", "RGB"}:
        colors = colors.convert("RGB")
    if alpha:
        colors.putalpha(alpha)
    return colors


def is_display_p3(profile: bytes | None) -> bool:
    """Return whether a profile has the primary colors of Display P3."""
    parsed = _parse_profile(profile) if profile else None
    if parsed is None:
        return False
    primaries = (parsed.red_colorant, parsed.green_colorant, parsed.blue_colorant)
    return all(primaries) and all(
        abs(component - expected) < _XYZ_TOLERANCE
        for color, wanted in zip(primaries, _DISPLAY_P3, strict=True)
        for component, expected in zip(color[0], wanted, strict=True)
    )


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "LAB":
        profile = None
    elif not profile or len(profile) > _MAX_PROFILE_BYTES:
        return image
    try:
        if image.mode == "L":
            return _convert_gray(image, profile)
        transform = _build_transform(profile, image.mode)
        return transform.apply(image) if transform else image
    except (ImageCms.PyCMSError, OSError):
        return image  # viewers ignore a profile that is damaged or for another mode as well


def _convert_gray(image: Image.Image, profile: bytes | None) -> Image.Image:
    if _is_gray_profile(profile):
        return image.point(_gray_table(profile))
    transform = _build_transform(profile, "RGB")
    return transform.apply(image.convert("RGB")).convert("L") if transform else image


@lru_cache(maxsize=16)
def _gray_table(profile: bytes | None) -> list[int]:
    """
    Return the gray of sRGB for each of the 256 grays of a profile.

    An optimized transform of Little CMS interpolates between points that are too far apart where a
    curve is steep: dark grays would be up to 10 levels wrong.
    """
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    transform = _transform_to_srgb(profile, "L", ImageCms.Flags.NOOPTIMIZE)
    return list(transform.apply(ramp).getchannel("R").tobytes())


def _is_gray_profile(profile: bytes | None) -> bool:
    parsed = _parse_profile(profile) if profile else None
    return parsed is not None and parsed.xcolor_space.strip() == "GRAY"


def _parse_profile(profile: bytes) -> Any:
    """Return the profile as Little CMS reads it, None if it is damaged."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    except (ImageCms.PyCMSError, OSError):
        return None


@lru_cache(maxsize=16)  # the photos of one camera share a profile
def _build_transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """
    Return the transform from a profile, or from CIELAB if it is None, to sRGB.

    Return None if it would change nothing, as for the many profiles of sRGB itself.
    """
    # This keeps the curves in front of a table, which space its points.
    transform = _transform_to_srgb(profile, mode, ImageCms.Flags.CLUT_PRE_LINEARIZATION)
    return transform if mode != "RGB" or _changes_colors(transform) else None


def _transform_to_srgb(
    profile: bytes | None, mode: str, flags: ImageCms.Flags
) -> ImageCms.ImageCmsTransform:
    source = (
        ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
    )
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=flags | ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _changes_colors(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether any color of a chart changes by more than rounding."""
    chart = Image.new("RGB", (_CHART_LEVELS**3, 1))
    levels = [round(255 * level / (_CHART_LEVELS - 1)) for level in range(_CHART_LEVELS)]
    chart.putdata(list(itertools.product(levels, repeat=3)))
    changes = ImageChops.difference(transform.apply(chart), chart)
    return max(largest for _, largest in changes.getextrema()) > 1  # type: ignore[misc]
