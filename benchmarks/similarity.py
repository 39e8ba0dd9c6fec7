"""Measure the similarity of a resize to the best one: a Lanczos resize of all pixels."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmarks.candidates import open_image
from django_shift_media.naming.resizes import Resize

# The constants for 8 bits from Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From
# Error Visibility to Structural Similarity", 2004. The window is 11 pixels wide.
_SIGMA, _RADIUS = 1.5, 5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def reference(photo: Path, resize: Resize) -> Image.Image:
    """Return the first frame, resized from all of its pixels, before encoding."""
    image = open_image(photo.read_bytes())
    plan = resize.geometry(*image.size)
    flat = _on_white(image)
    return flat.resize(plan.scaled, Image.Resampling.LANCZOS, box=plan.box)


def similarity(data: bytes, wanted: Image.Image) -> float | None:
    """Return the SSIM of an encoded resize, in grayscale on white, or None if its size differs."""
    found = _on_white(open_image(data))
    return ssim(_gray(found), _gray(wanted)) if found.size == wanted.size else None


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    def mean(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, _SIGMA, radius=_RADIUS)

    mean_one, mean_other = mean(one), mean(other)
    variances = mean(one * one) - mean_one**2 + mean(other * other) - mean_other**2
    covariance = mean(one * other) - mean_one * mean_other
    light = (2 * mean_one * mean_other + _C1) / (mean_one**2 + mean_other**2 + _C1)
    structure = (2 * covariance + _C2) / (variances + _C2)
    inner = slice(_RADIUS, -_RADIUS)
    return float((light * structure)[inner, inner].mean())


def _gray(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), dtype=float)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
