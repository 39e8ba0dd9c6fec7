"""The size of a JPEG XL, read from its header: its decoder tells it only with all the pixels."""

from django_shift_media.exceptions import DAMAGED, UnreadableImage

# Width for a height, by the three bits after it; 0 means that it is written out.
_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTHS = (9, 13, 18, 30)  # bits of a side that is no multiple of 8
_CODESTREAM = b"\xff\x0a"


def jpegxl_size(data: bytes) -> tuple[int, int]:
    """Return width and height as stored: ISO/IEC 18181-1, SizeHeader."""
    bits = _Bits(_codestream(data)[2:32])
    is_small = bits.take(1)
    height = _side(bits, is_small)
    ratio = _RATIOS[bits.take(3)]
    width = height * ratio[0] // ratio[1] if ratio else _side(bits, is_small)
    return width, height


def _side(bits: "_Bits", is_small: int) -> int:
    if is_small:
        return 8 * (bits.take(5) + 1)
    return bits.take(_LENGTHS[bits.take(2)]) + 1


def _codestream(data: bytes) -> bytes:
    """Return what is in the first box that has any of it: ISO/IEC 18181-2, 9."""
    at = 0
    while not data.startswith(_CODESTREAM, at):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        start = at + 8
        if length == 1:
            length, start = int.from_bytes(data[start : start + 8], "big"), at + 16
        if kind in {b"jxlc", b"jxlp"}:
            at = start + 4 * (kind == b"jxlp")  # a part is numbered
            break
        if length < 8:
            break
        at += length
    if not data.startswith(_CODESTREAM, at):
        raise UnreadableImage(DAMAGED, detail="it has a container only")
    return data[at:]


class _Bits:
    """Bits, the least significant one of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, number: int) -> int:
        taken = self._rest & (1 << number) - 1
        self._rest >>= number
        return taken
