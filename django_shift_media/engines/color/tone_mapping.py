"""
Profiles that show HDR images on a standard display.

The PQ and HLG curves are those of ITU-R BT.2100-2, tables 4 and 5. Luminance above white is
compressed by the "reference white tone mapping" of SMPTE ST 2094-50, as Chromium does for files
without tone mapping metadata.
"""

import math
from functools import lru_cache
from operator import mul
from types import MappingProxyType

from django_shift_media.engines.color.colorimetry import (
    Primaries,
    Vector,
    invert,
    multiply,
    multiply_vector,
)
from django_shift_media.engines.color.icc import table_profile

BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_LUMINANCE_WEIGHTS = 0.2627, 0.6780, 0.0593  # of red, green and blue in BT.2020
# Luminances in cd/m².
_WHITE = 203  # diffuse white: ITU-R BT.2408
_NOMINAL_PEAK = 1_000  # of an HLG display, and of a file that declares no peak
_PQ_PEAK = 10_000
_SYSTEM_GAMMA = 1.2  # of an HLG display with the nominal peak
_KNEE_FRACTION = 0.65  # how far the control point of the curve is moved from white to the peak


def _pq(value: float) -> float:
    root = value ** (32 / 2523)
    light = max(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    return _PQ_PEAK / _WHITE * math.pow(light, 8192 / 1305)


def _hlg(value: float) -> float:
    if value <= 0.5:
        return value * value / 3
    return (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _inverse_pq(light: float) -> float:
    power = math.pow(light * _WHITE / _PQ_PEAK, 1305 / 8192)
    return math.pow((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power), 2523 / 32)


# By code points of H.273, table 3: from the value of a pixel to linear light. White is 1 for PQ;
# HLG gives the light of the scene, which a display changes.
HDR_CURVES = MappingProxyType({16: _pq, 18: _hlg})


@lru_cache(maxsize=8)
def tone_mapping_profile(primaries: Primaries, transfer: int, peak: float) -> bytes:
    """
    Return an ICC profile that maps HDR colors to the standard range.

    ``transfer`` is a key of ``HDR_CURVES``; ``peak`` is the maximum luminance of the image in
    cd/m², 0 if unknown.
    """
    to_bt2020 = multiply(invert(BT2020.to_xyz()), primaries.to_xyz())
    to_xyz, curve = BT2020.to_xyz(), HDR_CURVES[transfer]
    is_hlg = curve is _hlg
    max_peak = _NOMINAL_PEAK if is_hlg else _PQ_PEAK
    relative_peak = min(max(peak or _NOMINAL_PEAK, _WHITE), max_peak) / _WHITE
    tone_curve = _ToneCurve(relative_peak)

    def pixel_to_xyz(pixel: Vector) -> Vector:
        red, green, blue = map(curve, pixel)
        light = multiply_vector(to_bt2020, (red, green, blue))
        if is_hlg:
            light = _scene_to_display(light)
        x, y, z = multiply_vector(to_xyz, tone_curve.apply(light))
        return _clip(x), _clip(y), _clip(z)

    return table_profile(pixel_to_xyz, knee=1 if is_hlg else _inverse_pq(relative_peak))


def _clip(value: float) -> float:
    return min(max(value, 0), 1)


def _scene_to_display(light: Vector) -> Vector:
    """Apply the opto-optical transfer function of HLG."""
    luminance = max(sum(map(mul, _LUMINANCE_WEIGHTS, light)), 0)
    return _multiply(_NOMINAL_PEAK / _WHITE * math.pow(luminance, _SYSTEM_GAMMA - 1), light)


def _multiply(factor: float, light: Vector) -> Vector:
    red, green, blue = light
    return red * factor, green * factor, blue * factor


class _ToneCurve:
    """
    A curve that maps light from 0 to a peak to the range from 0 to 1; the unit is white.

    White becomes darker, to leave room for brighter light: half as bright for a peak of 1,000
    cd/m², and less so for a lower peak.
    """

    def __init__(self, peak: float) -> None:
        self._peak = peak
        self._white = 1 - 0.5 * min(math.log(peak) / math.log(_NOMINAL_PEAK / _WHITE), 1)
        # The control point of a quadratic Bézier curve from white to the peak.
        self._x = 1 - _KNEE_FRACTION + _KNEE_FRACTION / self._white
        self._y = (1 - _KNEE_FRACTION) * self._white + _KNEE_FRACTION

    def apply(self, light: Vector) -> Vector:
        """Scale red, green and blue by the same factor, which keeps the hue."""
        strongest = max(light)
        return _multiply(self._map(strongest) / strongest, light) if strongest > 0 else light

    def _map(self, light: float) -> float:
        if light <= 1:
            return light * self._white
        if light >= self._peak:
            return 1
        # Solve the curve's x(t) = light, a quadratic equation, for t.
        squared, linear = 1 - 2 * self._x + self._peak, 2 * (self._x - 1)
        root = math.sqrt(linear**2 + 4 * squared * (light - 1))
        t = 2 * (light - 1) / (linear + root)
        return (1 - t) ** 2 * self._white + 2 * t * (1 - t) * self._y + t**2
