"""
The entropy-coded numbers in the headers of a JPEG XL codestream: ISO/IEC 18181-1, annex C.

Two headers are entropy-coded: the color profile before the first frame, and the order of the parts
of a frame. Who counts frames must skip them, and where they end is only known by decoding them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django_shift_media.engines.decode.jpegxl_bits import JpegXlBitReader, damaged

_ANS_BITS = 12
_ANS_TOTAL = 1 << _ANS_BITS  # the sum of the frequencies of all symbols
_PREFIX_BITS = 15  # the longest prefix code
_MAX_CLUSTERS = 256
_WINDOW = 1 << 20  # numbers that a copy may refer to
# How the logarithm of a frequency is coded: by its value, the bits (last one first) and their
# number. 13 stands for a repetition.
_LOGARITHM_CODES = (
    (17, 5), (11, 4), (15, 4), (3, 4), (9, 4), (7, 4), (4, 3),
    (2, 3), (5, 3), (6, 3), (0, 3), (33, 6), (1, 7), (65, 7),
)  # fmt: skip
_REPEAT_FREQUENCY = 13
_CODE_LENGTH_ORDER = (1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15)
# How the length of the code of a code length is coded, as above.
_CODE_LENGTH_CODES = ((0, 2), (7, 4), (3, 3), (2, 2), (1, 2), (15, 4))


class _Config(NamedTuple):
    """How a symbol and the bits after it make a number: C.2.3."""

    split_exponent: int
    high_bits: int = 0
    low_bits: int = 0

    def read(self, bits: JpegXlBitReader, symbol: int) -> int:
        split = 1 << self.split_exponent
        if symbol < split:
            return symbol
        in_symbol = self.high_bits + self.low_bits
        length = self.split_exponent - in_symbol + (symbol - split >> in_symbol) & 31
        low = symbol & (1 << self.low_bits) - 1
        high = symbol >> self.low_bits & (1 << self.high_bits) - 1 | 1 << self.high_bits
        return (high << length | bits.read(length)) << self.low_bits | low


class _Prefix:
    """A prefix code, by the length of the code of each symbol: C.2.4."""

    def __init__(self, lengths: Sequence[int]) -> None:
        used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
        self._only = (used[0][1] if used else 0) if len(used) < 2 else None
        self._symbols: dict[tuple[int, int], int] = {}
        code = previous = 0
        for length, symbol in used:
            code <<= length - previous
            self._symbols[length, code] = symbol
            code, previous = code + 1, length

    def read(self, bits: JpegXlBitReader) -> int:
        if self._only is not None:
            return self._only
        code = 0
        for length in range(1, _PREFIX_BITS + 1):
            code = code << 1 | bits.read(1)
            if (symbol := self._symbols.get((length, code))) is not None:
                return symbol
        raise damaged()


class _Frequencies:
    """The frequencies of symbols, as an alias table: C.2.5 and C.2.6."""

    def __init__(self, frequencies: Sequence[int], log_size: int) -> None:
        size = 1 << log_size
        if len(frequencies) > size:
            raise damaged()
        self._frequencies = [*frequencies, *[0] * (size - len(frequencies))]
        self._entry_bits = _ANS_BITS - log_size
        entry = 1 << self._entry_bits
        self._symbols, self._offsets = list(range(size)), [0] * size
        self._cutoffs = self._frequencies.copy()
        if _ANS_TOTAL in frequencies:
            symbol = frequencies.index(_ANS_TOTAL)
            self._symbols, self._cutoffs = [symbol] * size, [0] * size
            self._offsets = [entry * n for n in range(size)]
            return
        full = [n for n in range(size) if self._cutoffs[n] > entry]
        # Symbols without a frequency come last, and are filled first.
        lacking = [n for n in range(size) if self._cutoffs[n] < entry]
        while full:
            if not lacking:
                raise damaged()
            giver, taker = full.pop(), lacking.pop()
            self._cutoffs[giver] -= entry - self._cutoffs[taker]
            self._symbols[taker] = giver
            self._offsets[taker] = self._cutoffs[giver] - self._cutoffs[taker]
            if self._cutoffs[giver] < entry:
                lacking.append(giver)
            elif self._cutoffs[giver] > entry:
                full.append(giver)

    def next(self, state: int) -> tuple[int, int]:
        """Return the symbol that a state stands for, and the next state before new bits."""
        value = state & _ANS_TOTAL - 1
        index, offset = value >> self._entry_bits, value & (1 << self._entry_bits) - 1
        symbol = index
        if offset >= self._cutoffs[index]:
            symbol, offset = self._symbols[index], offset + self._offsets[index]
        return symbol, self._frequencies[symbol] * (state >> _ANS_BITS) + offset


class NumberReader:
    """Read entropy-coded numbers, each in one of several contexts."""

    def __init__(self, bits: JpegXlBitReader, contexts: int, *, may_copy: bool = True) -> None:
        self._bits = bits
        self._numbers: list[int] = []
        self._to_copy = self._distance = 0
        self._min_copy_symbol: int | None = None
        if bits.read_bool():
            if not may_copy:
                raise damaged()
            contexts += 1
            self._min_copy_symbol = bits.read_u32((0, 224), (0, 512), (0, 4096), (15, 8))
            self._min_copy_length = bits.read_u32((0, 3), (0, 4), (2, 5), (8, 9))
            self._copy_config = _read_config(bits, 8)
        self._clusters = _read_clusters(bits, contexts)
        number = max(self._clusters) + 1
        uses_prefix_codes = bits.read_bool()
        log_size = _PREFIX_BITS if uses_prefix_codes else bits.read(2) + 5
        self._configs = [_read_config(bits, log_size) for _n in range(number)]
        self._prefixes: list[_Prefix] = []
        self._frequencies: list[_Frequencies] = []
        if uses_prefix_codes:
            sizes = [_read_varint(bits, 4) + 1 for _n in range(number)]
            self._prefixes = [_read_prefix(bits, size) for size in sizes]
        else:
            for _n in range(number):
                self._frequencies.append(_Frequencies(_read_frequencies(bits), log_size))
            self._state = bits.read(32)

    def read(self, context: int) -> int:
        if not self._to_copy:
            cluster = self._clusters[context]
            symbol = self._read_symbol(cluster)
            if self._min_copy_symbol is None or symbol < self._min_copy_symbol:
                number = self._configs[cluster].read(self._bits, symbol)
                self._numbers.append(number)
                return number
            self._begin_copy(symbol - self._min_copy_symbol)
        self._to_copy -= 1
        number = self._numbers[-self._distance] if self._distance else 0
        self._numbers.append(number)
        return number

    def _begin_copy(self, symbol: int) -> None:
        """Read how many numbers to repeat, and how many numbers ago: C.2.2."""
        self._to_copy = self._copy_config.read(self._bits, symbol) + self._min_copy_length
        cluster = self._clusters[-1]
        distance = self._configs[cluster].read(self._bits, self._read_symbol(cluster)) + 1
        self._distance = min(distance, len(self._numbers), _WINDOW)

    def _read_symbol(self, cluster: int) -> int:
        if self._prefixes:
            return self._prefixes[cluster].read(self._bits)
        symbol, self._state = self._frequencies[cluster].next(self._state)
        if self._state < 1 << 16:
            self._state = self._state << 16 | self._bits.read(16)
        return symbol


def _read_config(bits: JpegXlBitReader, log_size: int) -> _Config:
    split_exponent = bits.read(log_size.bit_length())
    if split_exponent == log_size:
        return _Config(split_exponent)
    high_bits = bits.read(split_exponent.bit_length())
    if high_bits > split_exponent:
        raise damaged()
    low_bits = bits.read((split_exponent - high_bits).bit_length())
    if high_bits + low_bits > split_exponent:
        raise damaged()
    return _Config(split_exponent, high_bits, low_bits)


def _read_clusters(bits: JpegXlBitReader, contexts: int) -> list[int]:
    """Return the index of the code that each context uses: C.2.2."""
    if contexts == 1:
        return [0]
    if bits.read_bool():
        length = bits.read(2)
        return [bits.read(length) for _n in range(contexts)]
    moves_to_front = bits.read_bool()
    reader = NumberReader(bits, 1, may_copy=contexts > 2)
    clusters = [reader.read(0) for _n in range(contexts)]
    if max(clusters) >= _MAX_CLUSTERS:
        raise damaged()
    if moves_to_front:
        recent = list(range(_MAX_CLUSTERS))
        for n, index in enumerate(clusters):
            clusters[n] = recent.pop(index)
            recent.insert(0, clusters[n])
    return clusters


def _read_varint(bits: JpegXlBitReader, length_bits: int) -> int:
    if not bits.read_bool():
        return 0
    length = bits.read(length_bits)
    return bits.read(length) + (1 << length)


def _read_coded(bits: JpegXlBitReader, codes: Sequence[tuple[int, int]]) -> int:
    """Return the index of the code that comes next."""
    for value, (code, length) in enumerate(codes):
        if bits.peek(length) == code:
            bits.skip(length)
            return value
    raise damaged()


def _read_frequencies(bits: JpegXlBitReader) -> list[int]:
    """Return the frequency of each symbol, of 4096 in total: C.2.5."""
    if bits.read_bool():
        symbols = [_read_varint(bits, 3) for _n in range(bits.read(1) + 1)]
        frequencies = [0] * (max(symbols) + 1)
        first = bits.read(_ANS_BITS) if len(symbols) == 2 else _ANS_TOTAL
        frequencies[symbols[0]] = first
        if len(symbols) == 2:
            frequencies[symbols[1]] = _ANS_TOTAL - first
        return frequencies
    if bits.read_bool():
        size = _read_varint(bits, 3) + 1
        each, rest = divmod(_ANS_TOTAL, size)
        return [each + (n < rest) for n in range(size)]
    return _read_varied_frequencies(bits)


def _read_varied_frequencies(bits: JpegXlBitReader) -> list[int]:
    length = 0
    while length < 3 and bits.read_bool():
        length += 1
    shift = (bits.read(length) | 1 << length) - 1
    size = _read_varint(bits, 3) + 3
    logarithms: list[int] = []
    repetitions: dict[int, int] = {}
    while len(logarithms) < size:
        logarithm = _read_coded(bits, _LOGARITHM_CODES)
        if logarithm == _REPEAT_FREQUENCY:
            repetitions[len(logarithms)] = number = _read_varint(bits, 3) + 4
            logarithms += [-1] * number
        else:
            logarithms.append(logarithm)
    # The first of the largest is not stored, as it follows from all others.
    omitted = logarithms.index(max(logarithms))
    frequencies: list[int] = []
    while len(frequencies) < size:
        index = len(frequencies)
        if number := min(repetitions.get(index, 0), size - index):
            frequencies += [frequencies[-1] if frequencies else 0] * number
        elif index == omitted:
            frequencies.append(0)
        else:
            frequencies.append(_read_frequency(bits, logarithms[index], shift))
    frequencies[omitted] = _ANS_TOTAL - sum(frequencies)
    if frequencies[omitted] <= 0:
        raise damaged()
    return frequencies


def _read_frequency(bits: JpegXlBitReader, logarithm: int, shift: int) -> int:
    if logarithm < 2:
        return logarithm
    logarithm -= 1
    length = max(min(logarithm, shift - (_ANS_BITS - logarithm >> 1)), 0)
    return (1 << logarithm) + (bits.read(length) << logarithm - length)


def _read_prefix(bits: JpegXlBitReader, size: int) -> _Prefix:
    if size == 1:
        return _Prefix([])
    kind = bits.read(2)
    if kind == 1:
        return _read_simple_prefix(bits, size)
    lengths, space = [0] * len(_CODE_LENGTH_ORDER), 32
    for symbol in _CODE_LENGTH_ORDER[kind:]:
        lengths[symbol] = length = _read_coded(bits, _CODE_LENGTH_CODES)
        space -= 32 >> length if length else 0
        if space <= 0:
            break
    return _Prefix(_read_code_lengths(bits, _Prefix(lengths), size))


def _read_simple_prefix(bits: JpegXlBitReader, size: int) -> _Prefix:
    """Read the up to four symbols, and take the lengths of their codes from a table."""
    number = bits.read(2) + 1
    symbols = [bits.read((size - 1).bit_length()) for _n in range(number)]
    if max(symbols) >= size:
        raise damaged()
    by_number = ((1,), (1, 1), (1, 2, 2), (2, 2, 2, 2))[number - 1]
    if number == 4 and bits.read_bool():
        by_number = (1, 2, 3, 3)
    lengths = [0] * size
    for symbol, length in zip(symbols, by_number, strict=True):
        lengths[symbol] = length
    return _Prefix(lengths)


def _read_code_lengths(bits: JpegXlBitReader, code: _Prefix, size: int) -> list[int]:
    """Read lengths; 16 repeats the last one that is not 0, and 17 repeats 0: RFC 7932, 3.5."""
    lengths: list[int] = []
    last, space, repeated, repeat = 8, 1 << _PREFIX_BITS, -1, 0
    while len(lengths) < size and space > 0:
        length = code.read(bits)
        if length < 16:
            repeat = 0
            lengths.append(length)
            if length:
                last, space = length, space - (1 << _PREFIX_BITS >> length)
            continue
        value = last if length == 16 else 0
        if value != repeated:
            repeat, repeated = 0, value
        before = repeat
        repeat = (repeat - 2 << length - 14 if repeat else 0) + bits.read(length - 14) + 3
        lengths += [value] * (repeat - before)
        if value:
            space -= (repeat - before) * (1 << _PREFIX_BITS >> value)
    if len(lengths) > size or space:
        raise damaged()
    return lengths
