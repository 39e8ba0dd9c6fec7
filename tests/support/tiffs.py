"""TIFF files of any kind of sample, written by hand: sections are those of TIFF 6.0."""

import struct
from collections.abc import Sequence
from typing import Literal, NamedTuple

Order = Literal["<", ">"]
_FORMATS = {"uint": 1, "int": 2, "float": 3}
_CODES = {
    ("uint", 8): "B",
    ("uint", 16): "H",
    ("uint", 32): "I",
    ("int", 8): "b",
    ("int", 16): "h",
    ("int", 32): "i",
    ("float", 32): "f",
    ("float", 64): "d",
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, CIELAB = 0, 1, 2, 5, 8


class Samples(NamedTuple):
    """How a number from 0 to 1 is stored."""

    bits: int = 8
    kind: str = "uint"

    def encode(self, numbers: Sequence[float], order: str) -> bytes:
        if self.bits in {1, 2, 4, 12}:
            text = "".join(
                format(round(number * (2**self.bits - 1)), f"0{self.bits}b") for number in numbers
            )
            text += "0" * (-len(text) % 8)
            return int(text, 2).to_bytes(len(text) // 8, "big")
        most = {"uint": 2**self.bits - 1, "int": 2 ** (self.bits - 1) - 1, "float": 1.0}[self.kind]
        scaled = [
            number * most if self.kind == "float" else round(number * most) for number in numbers
        ]
        return struct.pack(f"{order}{len(scaled)}{_CODES[self.kind, self.bits]}", *scaled)


def tiff(
    rows: Sequence[Sequence[Sequence[float]]],
    samples: Samples,
    photometric: int,
    *,
    extra: Sequence[int] = (),
    planar: bool = False,
    order: Order = "<",
    rows_per_strip: int = 5,
    profile: bytes = b"",
) -> bytes:
    """
    Return a file of pixels, each a sequence of numbers from 0 to 1.

    ``extra`` says what the last samples of each pixel are: 2 is alpha, 1 is premultiplied alpha.
    """
    height, width, bands = len(rows), len(rows[0]), len(rows[0][0])
    planes = [[[pixel[band : band + 1] for pixel in row] for row in rows] for band in range(bands)]
    strips = [
        b"".join(
            samples.encode([number for pixel in row for number in pixel], order)
            for row in plane[start : start + rows_per_strip]
        )
        for plane in (planes if planar else [rows])
        for start in range(0, height, rows_per_strip)
    ]
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [samples.bits] * bands),
        259: ("H", [1]),
        262: ("H", [photometric]),
        273: ("I", [0] * len(strips)),
        277: ("H", [bands]),
        278: ("I", [rows_per_strip]),
        279: ("I", [len(strip) for strip in strips]),
        284: ("H", [2 if planar else 1]),
        339: ("H", [_FORMATS[samples.kind]] * bands),
    }
    if extra:
        tags[338] = ("H", list(extra))
    if profile:
        tags[34675] = ("B", list(profile))
    return _write(tags, strips, order)


def _write(tags: dict[int, tuple[str, list[int]]], strips: list[bytes], order: str) -> bytes:
    """Write a directory, what does not fit into it, and the strips: section 2."""
    start = 8 + 2 + 12 * len(tags) + 4
    sizes = [struct.calcsize(f"{order}{len(values)}{code}") for code, values in tags.values()]
    offset = start + sum(size for size in sizes if size > 4)
    offsets = tags[273][1]
    for index, strip in enumerate(strips):
        offsets[index], offset = offset, offset + len(strip)
    directory, body = struct.pack(f"{order}H", len(tags)), b""
    for tag, (code, values) in sorted(tags.items()):
        content = struct.pack(f"{order}{len(values)}{code}", *values)
        if len(content) > 4:
            place = struct.pack(f"{order}I", start + len(body))
            body += content
        else:
            place = content.ljust(4, b"\0")
        kind = {"B": 1, "H": 3, "I": 4}[code]
        directory += struct.pack(f"{order}HHI", tag, kind, len(values)) + place
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + directory + bytes(4) + body + b"".join(strips)
