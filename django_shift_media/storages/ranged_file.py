"""A part of a stored object as a file, of which only what is read is fetched."""

import io

from django_shift_media.storages.base import MediaStorage

# Bytes that are fetched at once: the header of a video takes a few reads.
_FETCHED = 256 * 1024


class RangedFile(io.RawIOBase):
    """
    An object, or the bytes from ``start`` up to ``end`` of it, opened for reading.

    Reading raises ``FileNotFoundError`` or ``StorageUnavailable``.
    """

    def __init__(self, storage: MediaStorage, key: str, start: int, end: int) -> None:
        super().__init__()
        self._storage = storage
        self._key = key
        self._start = start
        self._end = end
        self._offset = start
        self._buffer = b""
        self._buffer_offset = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._offset, io.SEEK_END: self._end}
        self._offset = max(self._start, base[whence] + offset)
        return self.tell()

    def tell(self) -> int:
        return self._offset - self._start

    def read(self, size: int | None = -1) -> bytes:
        end = self._end if size is None or size < 0 else min(self._offset + size, self._end)
        length = max(0, end - self._offset)
        data = self._buffered(length)
        if len(data) < length:
            self._buffer_offset = self._offset
            wanted = min(max(length, _FETCHED), self._end - self._offset)
            self._buffer = self._storage.read_range(self._key, self._offset, wanted)
            data = self._buffer[:length]
        self._offset += len(data)
        return data

    def _buffered(self, length: int) -> bytes:
        begin = self._offset - self._buffer_offset
        return self._buffer[begin : begin + length] if begin >= 0 else b""
