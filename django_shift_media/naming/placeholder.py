"""
Placeholders: a preview that a page shows until an image has loaded, stored in the row.

A placeholder is a ThumbHash (https://evanw.github.io/thumbhash/), which encodes the shape, the
colors and the transparency, and the dominant color. The optional package ``thash`` encodes and
decodes ThumbHashes.
"""

import base64
import io
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec

from PIL import Image

# Characters, maximum: 25 bytes in base64, a space and a color.
MAX_LENGTH = 44
# Pixels of the longer side of the image that is encoded; more pixels give the same hash.
THUMBNAIL_SIDE = 32

_SERIALIZED = re.compile(
    r"(?P<hash>(?:[A-Za-z0-9+/]{4}){2,8}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
    r" (?P<color>#[0-9a-f]{6})"
)
# Pixels of the longer side of the preview. Browsers smooth enlarged images, so more pixels would
# look the same, but take more time and bytes.
_PREVIEW_SIDE = 16
_PALETTE_SIZE = 8


@dataclass(frozen=True)
class Placeholder:
    """
    A ThumbHash in base64 and the dominant color, such as "#a0b1c2".

    ``Placeholder.parse()`` is the inverse of ``str(placeholder)``.
    """

    hash: str
    color: str

    def __str__(self) -> str:
        return f"{self.hash} {self.color}"

    @classmethod
    @lru_cache(maxsize=4096)  # also keeps the cached properties of recent placeholders
    def parse(cls, text: str) -> "Placeholder":
        """Parse the text that a row stores; raise ``ValueError`` if it is invalid."""
        match = _SERIALIZED.fullmatch(text)
        # Three bits are the number of components of the shorter side, which is never 0.
        if not match or not base64.b64decode(match["hash"])[3] & 7:
            raise ValueError(
                f"{text!r} is not a valid placeholder. Use a ThumbHash in base64 and a color,"
                ' such as "1QcSHQRnh493V4dIh4eXh1h4kJUI #a0b1c2".'
            )
        return cls(**match.groupdict())

    @classmethod
    def from_image(cls, image: Image.Image) -> "Placeholder":
        """Encode an image that is small, upright and in sRGB."""
        import thash

        image = image.convert("RGBA")
        # The default backend depends on whether NumPy is installed, and the hashes differ (seen
        # with thash 1.2).
        hash = base64.b64encode(bytes(thash.encode(image, backend="pure")))
        return cls(hash.decode(), _dominant_color(image))

    @property
    def is_transparent(self) -> bool:
        """Whether the image has transparent parts."""
        return bool(base64.b64decode(self.hash)[2] & 0x80)

    @cached_property
    def data_uri(self) -> str:
        """A preview of a few pixels as a WebP data URI of about 200 characters."""
        buffer = io.BytesIO()
        _decode(list(base64.b64decode(self.hash))).save(buffer, "WEBP", quality=80)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    @cached_property
    def style(self) -> str:
        """
        The CSS for the ``style`` of an ``<img>``: the preview as its background.

        Empty for a transparent image, through which the background would stay visible. The CSS
        has no characters that HTML needs escaped.
        """
        if self.is_transparent:
            return ""
        return f"background:{self.color} url({self.data_uri}) center/cover no-repeat"


def is_installed() -> bool:
    return find_spec("thash") is not None


def _decode(hash: list[int]) -> Image.Image:
    import thash

    width, height, pixels = thash.thumb_hash_to_rgba(hash, base_size=_PREVIEW_SIDE)
    image = Image.frombytes("RGBA", (width, height), pixels)
    # The decoded aspect ratio is 7:3 at most; the hash has a better one for panoramas.
    ratio = thash.thumb_hash_to_approximate_aspect_ratio(hash) or 1
    side = _PREVIEW_SIDE
    return image.resize((side, round(side / ratio)) if ratio > 1 else (round(side * ratio), side))


def _dominant_color(image: Image.Image) -> str:
    """Return the most frequent palette color of the visible pixels."""
    palette = image.convert("RGB").quantize(_PALETTE_SIZE, kmeans=_PALETTE_SIZE)
    is_visible = image.getchannel("A").point(lambda alpha: 255 * (alpha > 127))
    counts = palette.histogram(is_visible)
    red, green, blue = (palette.getpalette() or [])[3 * counts.index(max(counts)) :][:3]
    return f"#{red:02x}{green:02x}{blue:02x}"
