"""
Pictures of a high dynamic range, as a screen of a standard one shows them.

Their curves, PQ and HLG, are those of ITU-R BT.2100-2, tables 4 and 5. What is brighter than white
is compressed by the "reference white tone mapping" of SMPTE ST 2094-50, as Chromium does it where a
file asks for nothing else.
"""

import math
from functools import lru_cache
from operator import mul
from types import MappingProxyType

from django_shift_media.engines.color.colorimetry import (
    Primaries,
    Vector,
    inverse,
    product,
    times,
)
from django_shift_media.engines.color.icc import of_table

BT2020 = Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_LUMINANCE = 0.2627, 0.6780, 0.0593  # of its red, green and blue
_WHITE = 203  # candelas: ITU-R BT.2408
# Candelas of the screen that HLG is for, and of what is brightest where nothing is said of that.
_PEAK, _MOST = 1000, 10_000
_SYSTEM_GAMMA = 1.2  # of that screen
_BEND = 0.65  # how much of what is brighter than white is compressed


def _pq(level: float) -> float:
    root = level ** (32 / 2523)
    light = max(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    return _MOST / _WHITE * math.pow(light, 8192 / 1305)


def _hlg(level: float) -> float:
    if level <= 0.5:
        return level * level / 3
    return (math.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _level_of_pq(light: float) -> float:
    power = math.pow(light * _WHITE / _MOST, 1305 / 8192)
    return math.pow((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power), 2523 / 32)


# By the code points of H.273, table 3: from the numbers of a pixel to light, of a scene by HLG.
CURVES = MappingProxyType({16: _pq, 18: _hlg})


@lru_cache(maxsize=8)
def shown(primaries: Primaries, transfer: int, peak: float) -> bytes:
    """Return a profile that maps to the standard range what has so many candelas, 0: not known."""
    to_2020 = product(inverse(BT2020.to_xyz()), primaries.to_xyz())
    to_xyz, curve = BT2020.to_xyz(), CURVES[transfer]
    is_scene = curve is _hlg
    brightest = min(max(peak or _PEAK, _WHITE), _PEAK if is_scene else _MOST) / _WHITE
    tone = _Tone(brightest)

    def show(pixel: Vector) -> Vector:
        red, green, blue = map(curve, pixel)
        light = times(to_2020, (red, green, blue))
        if is_scene:
            light = _on_screen(light)
        x, y, z = (min(max(part, 0), 1) for part in times(to_xyz, tone.compressed(light)))
        return x, y, z

    return of_table(show, corner=1 if is_scene else _level_of_pq(brightest))


def _on_screen(light: Vector) -> Vector:
    """Return what a screen shows of the light of a scene."""
    luminance = max(sum(map(mul, _LUMINANCE, light)), 0)
    return _times(_PEAK / _WHITE * math.pow(luminance, _SYSTEM_GAMMA - 1), light)


def _times(factor: float, light: Vector) -> Vector:
    red, green, blue = light
    return red * factor, green * factor, blue * factor


class _Tone:
    """
    How light up to a peak becomes light up to 1, both in times of white.

    White becomes darker, to leave room for what is brighter: half as bright for a peak of 1,000
    candelas, and less so for a lower one.
    """

    def __init__(self, peak: float) -> None:
        self._peak = peak
        self._white = 1 - 0.5 * min(math.log(peak) / math.log(_PEAK / _WHITE), 1)
        # The point of a curve of Bezier's, from white to the peak.
        self._x = 1 - _BEND + _BEND / self._white
        self._y = (1 - _BEND) * self._white + _BEND

    def compressed(self, light: Vector) -> Vector:
        most = max(light)
        return _times(self.of(most) / most, light) if most > 0 else light

    def of(self, light: float) -> float:
        """Take and return the brightest of red, green and blue."""
        if light <= 1:
            return light * self._white
        if light >= self._peak:
            return 1
        squared, linear = 1 - 2 * self._x + self._peak, 2 * (self._x - 1)
        root = math.sqrt(linear**2 + 4 * squared * (light - 1))
        at = 2 * (light - 1) / (linear + root)
        return (1 - at) ** 2 * self._white + 2 * at * (1 - at) * self._y + at**2
