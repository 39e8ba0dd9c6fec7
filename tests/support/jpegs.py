"""JPEGs with segments and scans of one's own. Sections are those of ITU-T T.81."""

import struct

from PIL import Image


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def profile_segment(number: int, count: int, part: bytes) -> bytes:
    """Return a part of an ICC profile: ICC.1:2022, B.4."""
    return segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + part)


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def lossless_jpeg(image: Image.Image) -> bytes:
    """Encode differences from the pixel to the left, in gray: annex H."""
    width, height = image.size
    rows = [image.crop((0, y, width, y + 1)).tobytes() for y in range(height)]
    bits = ""
    for y, row in enumerate(rows):
        for x, level in enumerate(row):
            predicted = row[x - 1] if x else rows[y - 1][0] if y else 128
            difference = level - predicted
            length = abs(difference).bit_length()
            bits += format(length, "04b")  # the code of the table below
            if length:
                number = difference if difference > 0 else difference + (1 << length) - 1
                bits += format(number, f"0{length}b")
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    frame = segment(0xC3, struct.pack(">BHHB", 8, height, width, 1) + bytes((1, 0x11, 0)))
    table = segment(0xC4, b"\0" + bytes((0, 0, 0, 9, *[0] * 12)) + bytes(range(9)))
    start = segment(0xDA, bytes((1, 1, 0, 1, 0, 0)))
    return b"\xff\xd8" + frame + table + start + scan + b"\xff\xd9"
