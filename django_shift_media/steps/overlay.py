"""``Overlay``: a watermark or a logo on an image."""

import re
from pathlib import Path
from types import MappingProxyType

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from PIL import Image, ImageOps

from django_shift_media.engines.color.conversion import to_scalable_mode, to_srgb
from django_shift_media.engines.pipeline import with_premultiplied_alpha

# Words of a position, in percent of the free space from the left and the top.
_ACROSS = MappingProxyType({"left": 0, "center": 50, "right": 100})
_DOWN = MappingProxyType({"top": 0, "center": 50, "bottom": 100})
_PERCENTAGES = re.compile("([0-9]{1,3}),([0-9]{1,3})")


class Overlay:
    """
    A step that puts another image on top, such as a watermark.

    ``file`` is the path of a static file, such as "shop/logo.png", or an absolute path. It is read
    once by each process. ``position`` is two words, such as "bottom right", "center", or "30,70":
    the percentage of the free space to the left and above. ``size`` is in percent: the overlay is
    scaled to lie inside this part of the width and of the height. ``margin`` is the distance from
    the edges, in percent of the shorter side. ``opacity`` is in percent. With ``tile``, the overlay
    is repeated from the top left over the whole image, with ``margin`` as the gap. Raise
    ``ImproperlyConfigured`` for other values, and for a file that is missing or not an image.
    """

    def __init__(
        self,
        *,
        file: str,
        position: str = "bottom right",
        size: float = 25,
        margin: float = 2,
        opacity: float = 100,
        tile: bool = False,
    ) -> None:
        self._position = _parse_position(position)
        self._size = _check_percentage("size", size, minimum=1)
        self._margin = _check_percentage("margin", margin)
        self._tile = tile
        self._overlay = _read(file, _check_percentage("opacity", opacity))

    def __call__(self, image: Image.Image) -> Image.Image:
        """Return the image below the overlay, by the operator "over" of Porter and Duff."""
        overlay = self._scaled_for(image.size)
        margin = int(min(image.size) * self._margin / 100 + 0.5)
        result = image.convert("RGBA")
        if self._tile:
            row = _repeat(overlay, image.width, margin)
            for top in range(0, image.height, overlay.height + margin):
                result.alpha_composite(row, (0, top))
        else:
            result.alpha_composite(overlay, self._place(image.size, overlay.size, margin))
        return result.convert(image.mode)

    def _scaled_for(self, size: tuple[int, int]) -> Image.Image:
        scale = min(
            side * self._size / 100 / own
            for side, own in zip(size, self._overlay.size, strict=True)
        )
        width, height = (max(1, int(own * scale + 0.5)) for own in self._overlay.size)
        return with_premultiplied_alpha(
            self._overlay, lambda image: image.resize((width, height), Image.Resampling.LANCZOS)
        )

    def _place(
        self, size: tuple[int, int], overlay_size: tuple[int, int], margin: int
    ) -> tuple[int, int]:
        """Return the left and the top of an overlay in an image of that size."""
        left, top = (
            _distance(side - own, margin, percent)
            for side, own, percent in zip(size, overlay_size, self._position, strict=True)
        )
        return left, top


def _repeat(overlay: Image.Image, width: int, gap: int) -> Image.Image:
    """Return a row of overlays: composing rows takes less time than composing single ones."""
    row = Image.new("RGBA", (width, overlay.height))
    for left in range(0, width, overlay.width + gap):
        row.paste(overlay, (left, 0))
    return row


def _distance(free: int, margin: int, percent: int) -> int:
    """Return the distance from the left or top; a margin that is too large is made smaller."""
    margin = min(margin, free // 2)
    return margin + int((free - 2 * margin) * percent / 100 + 0.5)


def _parse_position(position: str) -> tuple[int, int]:
    text = str(position)  # (30, 70) is a mistake, too
    if match := _PERCENTAGES.fullmatch(text):
        x, y = int(match[1]), int(match[2])
        if max(x, y) <= 100:
            return x, y
    words = ["center", "center"] if text == "center" else text.split()
    if len(words) == 2 and words[0] in _DOWN and words[1] in _ACROSS:
        return _ACROSS[words[1]], _DOWN[words[0]]
    raise ImproperlyConfigured(
        f'Invalid position {position!r}. Use "center", two words such as "bottom right", or two'
        ' percentages such as "30,70".'
    )


def _check_percentage(option: str, value: float, *, minimum: int = 0) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not minimum <= value <= 100:
        raise ImproperlyConfigured(f"Invalid {option} {value!r}. Use {minimum} to 100 percent.")
    return value


def _read(file: str, opacity: float) -> Image.Image:
    """Read an overlay in mode "RGBA"; its transparency is that of the file times the opacity."""
    path = _find(file)
    try:
        with Image.open(path) as opened:
            profile = opened.info.get("icc_profile")
            upright = ImageOps.exif_transpose(opened)
            image = to_srgb(to_scalable_mode(upright), profile).convert("RGBA")
    except Exception as error:  # each of Pillow's readers has its own for damaged files
        raise ImproperlyConfigured(f"Cannot read the file {str(path)!r}: {error}") from error
    image.putalpha(image.getchannel("A").point([int(a * opacity / 100 + 0.5) for a in range(256)]))
    return image


def _find(file: str) -> Path:
    path = Path(file)
    if not path.is_absolute():
        if not apps.is_installed("django.contrib.staticfiles"):
            raise ImproperlyConfigured(
                f"The file {file!r} is not an absolute path, and django.contrib.staticfiles, which"
                " finds static files, is not installed."
            )
        from django.contrib.staticfiles import finders

        path = Path(finders.find(file) or "")
    if not path.is_file():
        raise ImproperlyConfigured(
            f"The file {file!r} is missing. Use the path of a static file, such as"
            ' "shop/logo.png", or an absolute path.'
        )
    return path
