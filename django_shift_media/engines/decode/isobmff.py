"""
The boxes of an ISO base media file and the items in them, as in HEIF, AVIF and HEIC files.

Reading stops at the first box that is malformed. Sections are those of ISO/IEC 14496-12, except
for item properties, which are defined in ISO/IEC 23008-12.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django_shift_media.exceptions import DAMAGED, FileTooLarge, UnreadableImage
from django_shift_media.exceptions import gettext_noop as _
from django_shift_media.naming.geometry import Size

# Boxes, items, samples, units of a stream and so on. An image of 256 tiles has a few thousand.
_MAX_PARTS = 200_000


class FieldReader:
    """Read big-endian fields in order; after the end of the data, all are zero."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._offset = 0

    def read_int(self, length: int) -> int:
        self._offset += length
        return int.from_bytes(self._data[self._offset - length : self._offset], "big")

    def read_version(self) -> int:
        """Read the first field of a "full box", and drop the flags in it."""
        return self.read_int(4) >> 24

    def read_size(self, length: int) -> Size:
        """Read a width and a height of ``length`` bytes each."""
        return self.read_int(length), self.read_int(length)

    @property
    def at_end(self) -> bool:
        return self._offset >= len(self._data)


class ItemLocation(NamedTuple):
    """
    Where the bytes of an item are: in the file, or in the "idat" box of its "meta" box.

    ``extents`` are pairs of offset and length.
    """

    in_idat: bool
    extents: list[tuple[int, int]]


class BoxReader:
    """Read the boxes of a file, and limit how many parts of it are visited."""

    def __init__(self, data: bytes) -> None:
        self.file = memoryview(data)
        self._parts = 0
        self._copied_bytes = 0

    def count_parts(self, parts: int = 1) -> None:
        """Raise ``FileTooLarge`` once the file has too many parts."""
        self._parts += parts
        if self._parts > _MAX_PARTS:
            raise FileTooLarge(_("The image has more than %(limit)s parts."), limit=_MAX_PARTS)

    # -- boxes: 4.2 ---------------------------------------------------------------------------

    def iter_boxes(self, data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
        """Yield the type and the content of each box."""
        while len(data) >= 8:
            self.count_parts()
            fields = FieldReader(data)
            size, kind, header = fields.read_int(4), bytes(data[4:8]), 8
            if size == 1:
                size, header = int.from_bytes(data[8:16], "big"), 16
            elif size == 0:
                size = len(data)
            if size < header:
                return
            yield kind, data[header:size]
            data = data[size:]

    def find_boxes(self, data: memoryview, *path: bytes) -> Iterator[memoryview]:
        """Yield the contents of all boxes at a path of types."""
        if not path:
            yield data
            return
        for kind, body in self.iter_boxes(data):
            if kind == path[0]:
                yield from self.find_boxes(body, *path[1:])

    # -- items: 8.11 --------------------------------------------------------------------------

    def item_types(self, meta: memoryview) -> Iterator[tuple[int, bytes]]:
        """Yield the ID and the type of each item: 8.11.6."""
        for body in self.find_boxes(meta, b"iinf"):
            entries = body[8:] if FieldReader(body).read_version() else body[6:]
            for entry in self.find_boxes(entries, b"infe"):
                fields = FieldReader(entry)
                item = fields.read_int(4 if fields.read_version() == 3 else 2)
                fields.read_int(2)
                yield item, fields.read_int(4).to_bytes(4, "big")

    def item_locations(self, meta: memoryview) -> Iterator[tuple[int, ItemLocation]]:
        """Yield the ID and the location of each item: 8.11.3."""
        for body in self.find_boxes(meta, b"iloc"):
            fields = FieldReader(body)
            version = fields.read_version()
            lengths = fields.read_int(2) & (0xFFFF if version else 0xFFF0)
            id_length = 4 if version == 2 else 2
            for _n in range(fields.read_int(id_length)):
                if fields.at_end:
                    break
                self.count_parts()
                item = fields.read_int(id_length)
                in_idat = version > 0 and fields.read_int(2) & 15 == 1
                fields.read_int(2)
                yield item, ItemLocation(in_idat, list(self._read_extents(fields, lengths)))

    def _read_extents(self, fields: FieldReader, lengths: int) -> Iterator[tuple[int, int]]:
        base = fields.read_int(lengths >> 4 & 15)
        for _n in range(fields.read_int(2)):
            self.count_parts()
            fields.read_int(lengths & 15)
            offset = base + fields.read_int(lengths >> 12)
            yield offset, fields.read_int(lengths >> 8 & 15)

    def item_data(self, location: ItemLocation, idat: memoryview) -> memoryview:
        """
        Return the bytes of an item.

        Raise ``UnreadableImage`` if all items together have more bytes than the file.
        """
        source = idat if location.in_idat else self.file
        pieces = [source[offset : offset + length] for offset, length in location.extents]
        if len(pieces) == 1:
            return pieces[0]
        self._copied_bytes += sum(map(len, pieces))
        if self._copied_bytes > len(self.file):
            raise UnreadableImage(DAMAGED, detail="its parts overlap")
        return memoryview(b"".join(pieces))

    def derivations(self, meta: memoryview) -> Iterator[tuple[int, list[int]]]:
        """Yield the ID of each derived image with the IDs of its inputs, as for grids: 8.11.12."""
        return self.references(meta, b"dimg")

    def references(self, meta: memoryview, kind: bytes) -> Iterator[tuple[int, list[int]]]:
        """Yield the ID of each item with the IDs of the items that it refers to: 8.11.12."""
        for body in self.find_boxes(meta, b"iref"):
            length = 4 if FieldReader(body).read_version() else 2
            for reference in self.find_boxes(body[4:], kind):
                fields = FieldReader(reference)
                item, number = fields.read_int(length), fields.read_int(2)
                self.count_parts(number)
                yield item, [fields.read_int(length) for _n in range(number)]

    def primary_item(self, meta: memoryview) -> int:
        """Return the ID of the item that is the image, 0 if none is named: 8.11.4."""
        for body in self.find_boxes(meta, b"pitm"):
            fields = FieldReader(body)
            return fields.read_int(4 if fields.read_version() else 2)
        return 0

    def properties(self, meta: memoryview) -> list[tuple[bytes, memoryview]]:
        """Return the type and the content of all properties: 23008-12, 9.3.1."""
        containers = self.find_boxes(meta, b"iprp", b"ipco")
        return [box for container in containers for box in self.iter_boxes(container)]

    def property_indexes(self, meta: memoryview, item: int) -> Iterator[int]:
        """Yield the indexes of the properties of one item, from 1."""
        return (index for owner, index in self.associations(meta) if owner == item)

    def associations(self, meta: memoryview) -> Iterator[tuple[int, int]]:
        """Yield the ID of an item with the index of each of its properties: 23008-12, 9.3.2."""
        for body in self.find_boxes(meta, b"iprp", b"ipma"):
            fields = FieldReader(body)
            version_and_flags = fields.read_int(4)
            id_length, is_wide = 4 if version_and_flags >> 24 else 2, version_and_flags & 1
            for _n in range(fields.read_int(4)):
                if fields.at_end:
                    break
                owner, number = fields.read_int(id_length), fields.read_int(1)
                self.count_parts(1 + number)
                for _m in range(number):
                    index = fields.read_int(2) & 0x7FFF if is_wide else fields.read_int(1) & 0x7F
                    yield owner, index
