"""The fields of a JPEG XL codestream: ISO/IEC 18181-1, annex B."""

from django_shift_media.exceptions import DAMAGED, UnreadableImage

_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))


def damaged() -> UnreadableImage:
    return UnreadableImage(DAMAGED, detail="its frames cannot be counted")


class EndOfCodestream(UnreadableImage):
    """The codestream ends within its headers."""


class JpegXlBitReader:
    """Read fields, the least significant bit of each byte first; raise after the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0  # in bits

    def read(self, bits: int) -> int:
        value = self.peek(bits)
        self.position += bits
        if self.position > 8 * len(self._data):
            raise EndOfCodestream(DAMAGED, detail="it is truncated")
        return value

    def peek(self, bits: int) -> int:
        """Return the next bits without skipping them; those after the end are zero."""
        position = self.position
        piece = self._data[position >> 3 : (position + bits + 7) >> 3]
        return int.from_bytes(piece, "little") >> (position & 7) & (1 << bits) - 1

    def skip(self, bits: int) -> None:
        self.position += bits

    def align(self) -> None:
        """Skip to the next byte."""
        self.position = -(-self.position // 8) * 8

    def read_bool(self) -> bool:
        return bool(self.read(1))

    def read_u32(self, *distributions: tuple[int, int]) -> int:
        """Read a field that is stored in one of four ways: a number of bits, and an offset."""
        bits, offset = distributions[self.read(2)]
        return self.read(bits) + offset

    def read_enum(self) -> int:
        return self.read_u32(*_ENUM)

    def read_u64(self) -> int:
        kind = self.read(2)
        if kind < 3:
            bits, offset = ((0, 0), (4, 1), (8, 17))[kind]
            return self.read(bits) + offset
        value, shift = self.read(12), 12
        while self.read_bool():
            if shift == 60:
                return value | self.read(4) << shift
            value |= self.read(8) << shift
            shift += 8
        return value

    def skip_f16(self, number: int) -> None:
        """Skip floating-point numbers."""
        self.skip(16 * number)

    def skip_name(self) -> None:
        self.skip(8 * self.read_u32((0, 0), (4, 0), (5, 16), (10, 48)))

    def skip_extensions(self) -> None:
        extensions = self.read_u64()
        self.skip(sum(self.read_u64() for _n in range(extensions.bit_count())))
