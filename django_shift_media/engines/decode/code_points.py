"""
ICC profiles for colors that a file describes by code points: ITU-T H.273, tables 2 and 3.

Where standards leave a choice, the numbers are those with which Chromium shows a file.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from django_shift_media.engines.color import tone_mapping
from django_shift_media.engines.color.colorimetry import Primaries
from django_shift_media.engines.color.icc import Curve, gamma_curve, matrix_profile

BT709 = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_BT601 = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_ILLUMINANT_C = (0.310, 0.316)
PRIMARIES = MappingProxyType(
    {
        1: BT709,
        4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _ILLUMINANT_C),
        5: Primaries((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
        6: _BT601,
        7: _BT601,
        8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _ILLUMINANT_C),
        9: tone_mapping.BT2020,
        11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
        12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
        22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
    }
)
_SRGB_CURVE: Curve = 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045
_SMPTE_240M: Curve = 1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0912
_ST428: Curve = 2.6, (52.37 / 48) ** (1 / 2.6), 0, 0, 0
_TELEVISION = (1, 6, 14, 15)  # BT.709, BT.601 and BT.2020, which have the same curve
_CURVES = MappingProxyType(
    {
        4: gamma_curve(2.2),
        5: gamma_curve(2.8),
        7: _SMPTE_240M,
        8: gamma_curve(1),
        13: _SRGB_CURVE,
        17: _ST428,
    }
)
# The curve of television is meant for a camera. A PNG is shown with that of a display, BT.1886; an
# AVIF, of which most name BT.709 and mean sRGB, with that of sRGB.
PNG_CURVES = MappingProxyType({**_CURVES, **dict.fromkeys((*_TELEVISION, 11), gamma_curve(2.4))})
HEIF_CURVES = MappingProxyType({**_CURVES, **dict.fromkeys(_TELEVISION, _SRGB_CURVE)})


def are_known(primaries: int, transfer: int, curves: Mapping[int, Curve]) -> bool:
    return primaries in PRIMARIES and (transfer in curves or transfer in tone_mapping.HDR_CURVES)


def profile_from_code_points(
    primaries: int, transfer: int, peak: float, curves: Mapping[int, Curve]
) -> bytes | None:
    """
    Return a profile; None for sRGB and for unknown code points.

    ``curves`` are ``PNG_CURVES`` or ``HEIF_CURVES``; ``peak`` is the maximum luminance of an HDR
    image in cd/m², 0 if unknown.
    """
    if not are_known(primaries, transfer, curves):
        return None
    if transfer in tone_mapping.HDR_CURVES:
        return tone_mapping.tone_mapping_profile(PRIMARIES[primaries], transfer, peak)
    return profile_from_primaries(PRIMARIES[primaries], curves[transfer])


@lru_cache(maxsize=64)
def profile_from_primaries(primaries: Primaries, curve: Curve) -> bytes | None:
    """Return None for sRGB, and for numbers that describe no possible colors."""
    if (primaries, curve) == (BT709, _SRGB_CURVE):
        return None
    try:
        return matrix_profile(primaries, curve)
    except (ArithmeticError, ValueError, struct.error):
        return None
