"""
Matrices between the colors of a display and CIE 1931 XYZ.

Sections are those of ICC.1:2022. Numbers that describe no possible colors raise
``ArithmeticError``.
"""

from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

Chromaticity = tuple[float, float]  # x and y
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]  # rows

D50: Vector = (0.9642, 1.0, 0.8249)  # the white point of profiles, in XYZ
D65: Chromaticity = (0.3127, 0.3290)
# The Bradford matrix, for chromatic adaptation: annex E.
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


class Primaries(NamedTuple):
    """The chromaticities of the primary colors of a display, and of its white point."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity = D65

    def to_xyz(self) -> Matrix:
        """Return the matrix from linear RGB, where white is (1, 1, 1), to XYZ relative to D50."""
        colors = transpose((_xyz(self.red), _xyz(self.green), _xyz(self.blue)))
        strengths = multiply_vector(invert(colors), _xyz(self.white))
        scaled = transpose([_multiply_each(row, strengths) for row in colors])
        return transpose([multiply_vector(self.to_d50(), color) for color in scaled])

    def to_d50(self) -> Matrix:
        """Return the matrix that adapts XYZ from this white point to D50: annex E."""
        target = multiply_vector(_BRADFORD, D50)
        source = multiply_vector(_BRADFORD, _xyz(self.white))
        ratios = [wanted / given for wanted, given in zip(target, source, strict=True)]
        return multiply(
            [_multiply_each(row, ratios) for row in invert(_BRADFORD)],
            _BRADFORD,
        )


def _xyz(chromaticity: Chromaticity) -> Vector:
    """Return the color of luminance 1."""
    x, y = chromaticity
    return x / y, 1, (1 - x - y) / y


def _multiply_each(vector: Vector, factors: Sequence[float]) -> Vector:
    x, y, z = map(mul, vector, factors)
    return x, y, z


def multiply_vector(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(map(mul, row, vector)) for row in matrix)
    return x, y, z


def multiply(first: Sequence[Vector], second: Matrix) -> Matrix:
    columns = transpose(second)
    x, y, z = (multiply_vector(columns, row) for row in first)
    return x, y, z


def transpose(rows: Sequence[Vector]) -> Matrix:
    x, y, z = zip(*rows, strict=True)
    return x, y, z


def invert(matrix: Matrix) -> Matrix:
    a, b, c = matrix
    columns = _cross_product(b, c), _cross_product(c, a), _cross_product(a, b)
    determinant = sum(map(mul, a, columns[0]))
    rows = zip(*columns, strict=True)
    x, y, z = (_multiply_each(row, [1 / determinant] * 3) for row in rows)
    return x, y, z


def _cross_product(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
