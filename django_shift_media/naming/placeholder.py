"""
Placeholders: what a page shows of an image until that has loaded, from a few bytes in its row.

They are a ThumbHash (https://evanw.github.io/thumbhash/), which knows shape, colors and
transparency, and the dominant color. The optional package ``thash`` reads and writes the former.
"""

import base64
import io
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec

from PIL import Image

# Characters of the longest one: 25 bytes in base64, a space and a color.
MAX_LENGTH = 44
# Pixels that it is made from: more give the same hash.
SIDE = 32

_TEXT = re.compile(
    r"(?P<hash>(?:[A-Za-z0-9+/]{4}){2,8}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
    r" (?P<color>#[0-9a-f]{6})"
)
# Browsers smooth what they enlarge: more pixels cost time and bytes, and look the same.
_SHOWN_SIDE = 16
_COLORS = 8


@dataclass(frozen=True)
class Placeholder:
    """
    A ThumbHash in base64 and the dominant color, as in "#a0b1c2".

    ``str(placeholder)`` and ``Placeholder.parse()`` are each other's inverse.
    """

    hash: str
    color: str

    def __str__(self) -> str:
        return f"{self.hash} {self.color}"

    @classmethod
    @lru_cache(maxsize=4096)  # remembers what is computed below, too
    def parse(cls, text: str) -> "Placeholder":
        """Return the placeholder that a row keeps, or raise ``ValueError``."""
        match = _TEXT.fullmatch(text)
        # Three bits are how fine the shorter side is, never 0.
        if not match or not base64.b64decode(match["hash"])[3] & 7:
            raise ValueError(
                f"The placeholder is {text!r}, must be a ThumbHash in base64 and a color,"
                ' as in "1QcSHQRnh493V4dIh4eXh1h4kJUI #a0b1c2".'
            )
        return cls(**match.groupdict())

    @classmethod
    def of(cls, picture: bytes) -> "Placeholder":
        """Make the placeholder of a picture, small, upright and in sRGB."""
        import thash

        image = Image.open(io.BytesIO(picture)).convert("RGBA")
        # The other backend, taken where NumPy happens to be installed, makes other hashes.
        hash = base64.b64encode(bytes(thash.encode(image, backend="pure")))
        return cls(hash.decode(), _dominant_color(image))

    @property
    def is_transparent(self) -> bool:
        """Whether anything can be seen through the image."""
        return bool(base64.b64decode(self.hash)[2] & 0x80)

    @cached_property
    def data_uri(self) -> str:
        """A picture of a few pixels, to be enlarged: about 200 characters."""
        buffer = io.BytesIO()
        _picture(list(base64.b64decode(self.hash))).save(buffer, "WEBP", quality=80)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    @cached_property
    def style(self) -> str:
        """
        The CSS for the ``style`` of an ``<img>``, which covers it until its image has loaded.

        It is empty for an image that is transparent, through which it would be seen for ever.
        It has no character that HTML or CSS would need escaped.
        """
        if self.is_transparent:
            return ""
        return f"background:{self.color} url({self.data_uri}) center/cover no-repeat"


def is_installed() -> bool:
    return find_spec("thash") is not None


def _picture(hash: list[int]) -> Image.Image:
    import thash

    width, height, pixels = thash.thumb_hash_to_rgba(hash, base_size=_SHOWN_SIDE)
    image = Image.frombytes("RGBA", (width, height), pixels)
    # What it returns is never longer than 7 to 3; panoramas are, and it knows of them.
    ratio = thash.thumb_hash_to_approximate_aspect_ratio(hash) or 1
    long = _SHOWN_SIDE
    return image.resize((long, round(long / ratio)) if ratio > 1 else (round(long * ratio), long))


def _dominant_color(image: Image.Image) -> str:
    """Return the most frequent of a few colors, of what can be seen of the image."""
    few = image.convert("RGB").quantize(_COLORS, kmeans=_COLORS)
    seen = image.getchannel("A").point(lambda alpha: 255 * (alpha > 127))
    counts = few.histogram(seen)
    red, green, blue = (few.getpalette() or [])[3 * counts.index(max(counts)) :][:3]
    return f"#{red:02x}{green:02x}{blue:02x}"
