"""The size and the frames in a file's header match those that Pillow finds."""

import io

import pytest
from PIL import Image

from django_shift_media.engines.decode.header import HeaderInfo
from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge
from tests.support.hostile import scans
from tests.support.pictures import encoded
from tests.support.samples import originals


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_size_and_frames_match_pillow(format: str) -> None:
    for data in originals(format):
        image = Image.open(io.BytesIO(data))
        # Further images in a JPEG are not frames.
        frames = 1 if format == "JPEG" else getattr(image, "n_frames", 1)
        header = read_header(data)
        assert header is not None
        assert (header.size, header.frames) == (image.size, frames)


@pytest.mark.parametrize("size", [(1, 1), (16383, 1), (1, 16383), (301, 200)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif"}])
def test_the_size_of_each_webp_bitstream(size: tuple[int, int], options: dict[str, object]) -> None:
    assert read_header(encoded(Image.new("RGB", size), "WEBP", **options)) == HeaderInfo(*size, 1)


def test_scans_are_counted_only_if_a_decoder_reads_several() -> None:
    data = encoded(Image.new("RGB", (40, 30)), "JPEG")
    further = data[:-2] + b"\xff\xda\x00\x02" * 200 + data[-2:]
    assert read_header(further) == HeaderInfo(40, 30, 1)
    # All pixels are in the first scan: what follows is a trailer, as browsers take it.
    assert get_engine().verify(further, engine_options(max_pixels=1200)).size == (40, 30)
    with pytest.raises(FileTooLarge, match="more than 100 scans"):
        read_header(scans(5000))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"BM", b"RIFF", b"1234ftypisom"])
def test_other_formats_are_left_to_pillow(data: bytes) -> None:
    assert read_header(data) is None


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF1234WEBP", b"1234ftypavif"]
)
def test_reading_a_damaged_header_terminates(magic: bytes) -> None:
    for byte in range(256):
        header = read_header(magic + bytes([byte]) * 999)
        assert header is not None
        assert header.frames >= 1
