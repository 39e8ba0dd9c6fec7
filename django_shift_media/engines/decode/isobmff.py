"""
Boxes of ISO/IEC 14496-12 and the items in them: what HEIF, and so AVIF and HEIC, is made of.

Whatever is wrong with them, reading ends. Sections are those of ISO/IEC 14496-12; what is said of
properties is in ISO/IEC 23008-12.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

# Boxes, items, samples, units of a stream and so on. A picture of 256 tiles has some thousand.
_PARTS = 200_000


class Fields:
    """Numbers, one after the other; zeros behind the end."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def number(self, length: int) -> int:
        self._at += length
        return int.from_bytes(self._data[self._at - length : self._at], "big")

    def version(self) -> int:
        return self.number(4) >> 24  # the rest are flags

    def size(self, length: int) -> Size:
        return self.number(length), self.number(length)

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._data)


class Location(NamedTuple):
    """Where an item's bytes are: in the file or in the idat box of its meta box."""

    in_idat: bool
    extents: list[tuple[int, int]]  # offsets and lengths


class Boxes:
    """A file, and how many of its parts have been read."""

    def __init__(self, data: bytes) -> None:
        self.file = memoryview(data)
        self._parts = 0
        self._copied = 0

    def count(self, parts: int = 1) -> None:
        """Raise ``FileTooLarge`` if these are too many."""
        self._parts += parts
        if self._parts > _PARTS:
            raise FileTooLarge(_("The image has more than %(limit)s parts."), limit=_PARTS)

    # -- boxes: 4.2 ---------------------------------------------------------------------------

    def boxes(self, data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
        while len(data) >= 8:
            self.count()
            fields = Fields(data)
            size, kind, header = fields.number(4), bytes(data[4:8]), 8
            if size == 1:
                size, header = int.from_bytes(data[8:16], "big"), 16
            elif size == 0:
                size = len(data)
            if size < header:
                return
            yield kind, data[header:size]
            data = data[size:]

    def inside(self, data: memoryview, *path: bytes) -> Iterator[memoryview]:
        """Yield the contents of the boxes that a path leads to."""
        if not path:
            yield data
            return
        for kind, body in self.boxes(data):
            if kind == path[0]:
                yield from self.inside(body, *path[1:])

    # -- items: 8.11 --------------------------------------------------------------------------

    def kinds(self, meta: memoryview) -> Iterator[tuple[int, bytes]]:
        """Read the type of each item: 8.11.6."""
        for body in self.inside(meta, b"iinf"):
            entries = body[8:] if Fields(body).version() else body[6:]
            for entry in self.inside(entries, b"infe"):
                fields = Fields(entry)
                item = fields.number(4 if fields.version() == 3 else 2)
                fields.number(2)
                yield item, fields.number(4).to_bytes(4, "big")

    def locations(self, meta: memoryview) -> Iterator[tuple[int, Location]]:
        """Read where each item is: 8.11.3."""
        for body in self.inside(meta, b"iloc"):
            fields = Fields(body)
            version = fields.version()
            lengths = fields.number(2) & (0xFFFF if version else 0xFFF0)
            id_length = 4 if version == 2 else 2
            for _n in range(fields.number(id_length)):
                if fields.at_end:
                    break
                self.count()
                item = fields.number(id_length)
                in_idat = version > 0 and fields.number(2) & 15 == 1
                fields.number(2)
                yield item, Location(in_idat, list(self._extents(fields, lengths)))

    def _extents(self, fields: Fields, lengths: int) -> Iterator[tuple[int, int]]:
        base = fields.number(lengths >> 4 & 15)
        for _n in range(fields.number(2)):
            self.count()
            fields.number(lengths & 15)
            offset = base + fields.number(lengths >> 12)
            yield offset, fields.number(lengths >> 8 & 15)

    def bytes_at(self, location: Location, idat: memoryview) -> memoryview:
        """Return an item's bytes; raise ``UnreadableImage`` if items have more than the file."""
        source = idat if location.in_idat else self.file
        pieces = [source[offset : offset + length] for offset, length in location.extents]
        if len(pieces) == 1:
            return pieces[0]
        self._copied += sum(map(len, pieces))
        if self._copied > len(self.file):
            raise UnreadableImage(DAMAGED, detail="its parts overlap")
        return memoryview(b"".join(pieces))

    def references(self, meta: memoryview) -> Iterator[tuple[int, list[int]]]:
        """Read of which items others are made: 8.11.12."""
        for body in self.inside(meta, b"iref"):
            length = 4 if Fields(body).version() else 2
            for reference in self.inside(body[4:], b"dimg"):
                fields = Fields(reference)
                item, number = fields.number(length), fields.number(2)
                self.count(number)
                yield item, [fields.number(length) for _n in range(number)]

    def first_item(self, meta: memoryview) -> int:
        """Read which item is the picture: 8.11.4."""
        for body in self.inside(meta, b"pitm"):
            fields = Fields(body)
            return fields.number(4 if fields.version() else 2)
        return 0

    def properties(self, meta: memoryview) -> list[tuple[bytes, memoryview]]:
        """Read the properties that items may have, all of them: 23008-12, 9.3.1."""
        containers = self.inside(meta, b"iprp", b"ipco")
        return [box for container in containers for box in self.boxes(container)]

    def properties_of(self, meta: memoryview, wanted: int) -> Iterator[int]:
        """Read which of them an item has, from 1: 23008-12, 9.3.2."""
        for body in self.inside(meta, b"iprp", b"ipma"):
            fields = Fields(body)
            version_and_flags = fields.number(4)
            id_length, is_wide = 4 if version_and_flags >> 24 else 2, version_and_flags & 1
            for _n in range(fields.number(4)):
                if fields.at_end:
                    break
                item, number = fields.number(id_length), fields.number(1)
                self.count(1 + number)
                for _m in range(number):
                    property = fields.number(2) & 0x7FFF if is_wide else fields.number(1) & 0x7F
                    if item == wanted:
                        yield property
