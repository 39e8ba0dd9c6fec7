"""Headers of videos that were written to be expensive, or to say nothing."""

import io
from typing import Any

import pytest

from django_shift_media.exceptions import UnacceptableFile, UnreadableVideo
from django_shift_media.video.probe import read_facts
from tests.support.videos import PLAYLISTS

MAX_READS = 250


class Counted(io.BytesIO):
    """A file that counts how often it is read: in a bucket, each may be a request."""

    reads = 0

    def read(self, *size: Any) -> bytes:
        self.reads += 1
        return super().read(*size)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def element(id: str, content: bytes) -> bytes:
    return bytes.fromhex(id) + (len(content) | 1 << 56).to_bytes(8, "big") + content


FTYP = box(b"ftyp", b"isom\0\0\0\0")
EBML = element("1a45dfa3", element("4282", b"webm"))
HOSTILE = {
    **PLAYLISTS,
    "nothing": b"",
    "one box": FTYP,
    "many boxes before the header": FTYP + box(b"free") * 100_000 + box(b"moov"),
    "many boxes in the header": FTYP + box(b"moov", box(b"trak") * 300_000),
    "boxes in boxes": FTYP + box(b"moov", box(b"trak", box(b"mdia", box(b"minf") * 250_000))),
    "a box of no length": FTYP + b"\0\0\0\1moov" + bytes(8),
    "a header that is not there": FTYP + b"\0\xff\xff\xffmoov",
    "a header of many gigabytes": FTYP + b"\0\0\0\1moov" + b"\0\0\0\x7f" + bytes(4),
    "a track without a picture": FTYP + box(b"moov", box(b"trak", box(b"mdia"))),
    "many elements": EBML + element("18538067", element("ec", b"") * 100_000),
    "many small tracks": EBML
    + element("18538067", element("1654ae6b", element("ae", b"") * 90_000)),
    "small elements in a track": EBML
    + element("18538067", element("1654ae6b", element("ae", bytes.fromhex("8380") * 400_000))),
    "a track without a size": EBML
    + element("18538067", element("1654ae6b", element("ae", element("83", b"\1")))),
    "an element of unknown length": EBML + bytes.fromhex("18538067ff1654ae6bff"),
    "an element without a length": EBML + bytes.fromhex("1853806700"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_after_a_few_reads(name: str) -> None:
    file = Counted(HOSTILE[name])
    with pytest.raises(UnreadableVideo):
        read_facts(file)
    assert file.reads < MAX_READS
    assert file.tell() == 0


def test_names_of_codecs_are_fit_for_a_database() -> None:
    entry = box(b"a\0\xff\n", bytes(24) + (64).to_bytes(2, "big") * 2 + bytes(50))
    stsd = box(b"stsd", bytes(8) + entry)
    media = box(b"hdlr", bytes(8) + b"vide" + bytes(12)) + box(b"minf", box(b"stbl", stsd))
    facts = read_facts(io.BytesIO(FTYP + box(b"moov", box(b"trak", box(b"mdia", media)))))
    assert (facts.codec, facts.size, facts.duration) == ("a???", (64, 64), None)


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_a_header_that_ends_early_is_refused(length: int) -> None:
    for whole in (HOSTILE["many boxes in the header"], HOSTILE["a track without a size"]):
        with pytest.raises(UnacceptableFile):
            read_facts(io.BytesIO(whole[:length]))
