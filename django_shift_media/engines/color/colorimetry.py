"""Light in numbers: CIE 1931, as profiles have it. Sections are those of ICC.1:2022."""

from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

Point = tuple[float, float]  # x and y
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]  # rows

D50: Vector = (0.9642, 1.0, 0.8249)  # the white of profiles
D65: Point = (0.3127, 0.3290)
# To what eyes adapt to a white: annex E.
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


class Primaries(NamedTuple):
    red: Point
    green: Point
    blue: Point
    white: Point = D65

    def to_xyz(self) -> Matrix:
        """
        Return what turns red, green and blue, white where all are 1, into XYZ under D50.

        Raise ``ArithmeticError`` where there are no such colors, as do the others here.
        """
        colors = transposed((_xyz(self.red), _xyz(self.green), _xyz(self.blue)))
        strengths = times(inverse(colors), _xyz(self.white))
        lights = transposed([_scaled(row, strengths) for row in colors])
        return transposed([times(self.to_d50(), light) for light in lights])

    def to_d50(self) -> Matrix:
        """Return what turns XYZ under this white into XYZ under D50: annex E."""
        ratios = [
            wanted / given
            for wanted, given in zip(
                times(_BRADFORD, D50), times(_BRADFORD, _xyz(self.white)), strict=True
            )
        ]
        return product([_scaled(row, ratios) for row in inverse(_BRADFORD)], _BRADFORD)


def _xyz(point: Point) -> Vector:
    x, y = point
    return x / y, 1, (1 - x - y) / y


def _scaled(vector: Vector, by: Sequence[float]) -> Vector:
    x, y, z = map(mul, vector, by)
    return x, y, z


def times(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(map(mul, row, vector)) for row in matrix)
    return x, y, z


def product(first: Sequence[Vector], second: Matrix) -> Matrix:
    columns = transposed(second)
    x, y, z = (times(columns, row) for row in first)
    return x, y, z


def transposed(rows: Sequence[Vector]) -> Matrix:
    x, y, z = zip(*rows, strict=True)
    return x, y, z


def inverse(matrix: Matrix) -> Matrix:
    a, b, c = matrix
    columns = _cross(b, c), _cross(c, a), _cross(a, b)
    determinant = sum(map(mul, a, columns[0]))
    x, y, z = (_scaled(row, [1 / determinant] * 3) for row in zip(*columns, strict=True))
    return x, y, z


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
