"""
The scales at which a JPEG can be decoded. Sections are those of ITU-T T.81.

A decoder produces an eighth, a quarter or a half of a JPEG's pixels on each axis by a smaller
transform, which takes a fraction of the time.
"""

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

SCALES = (8, 4, 2)  # how many pixels of the original one decoded pixel stands for, on each axis
# A JPEG is decoded at the smallest scale that is still this many times larger than the result. A
# larger margin costs time, a smaller one sharpness.
_MARGIN = 1.25


def decode_margin(image: Image.Image) -> float:
    """
    Return how many times larger than the result a JPEG should be decoded, at least.

    At a smaller scale, libjpeg has as many samples of color as of brightness if the color is
    subsampled alike on both axes (4:2:0). Otherwise (4:2:2, 4:1:1), it remains coarser, and a
    result of the decoded size would lose color: ``jpeg_core_output_dimensions`` in jdmaster.c.
    """
    return max(_MARGIN, *(_coarseness(image, h, v) for _, h, v, _ in _components(image)))


def decoded_scale(image: Image.Image) -> int:
    """Return the scale at which an image is or was decoded, 1 for all formats except JPEG."""
    scale, *_ = getattr(image, "decoderconfig", ()) or (1,)
    return int(scale)


def _components(image: Image.Image) -> list[tuple[int, int, int, int]]:
    """Return the id, the sampling factors H and V, and the table of each component: A.1.1."""
    return image.layer if isinstance(image, JpegImageFile) else [(1, 1, 1, 0)]


def _coarseness(image: Image.Image, h: int, v: int) -> float:
    """Return how many times farther apart the samples of a component are than decoded pixels."""
    factors = [(h, v) for _, h, v, _ in _components(image)]
    if 0 in (h, v):  # invalid, which the decoder reports
        return 1
    across, down = max(h for h, _ in factors) / h, max(v for _, v in factors) / v
    while across % 2 == down % 2 == 0:
        across, down = across / 2, down / 2
    return max(across, down)
