"""What a container claims is what Pillow finds when it opens the file."""

import io

import pytest
from PIL import Image

from django_shift_media.engines.decode.preflight import HeaderInfo, read_header
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from tests.hostile import scans
from tests.test_engine import encoded
from tests.test_fuzz import originals


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_the_size_and_the_frames_are_those_that_pillow_finds(format: str) -> None:
    for data in originals(format):
        image = Image.open(io.BytesIO(data))
        # A JPEG's further pictures are no frames of it.
        frames = 1 if format == "JPEG" else getattr(image, "n_frames", 1)
        claimed = read_header(data)
        assert claimed is not None
        assert (claimed.size, claimed.frames) == (image.size, frames)


@pytest.mark.parametrize("size", [(1, 1), (16383, 1), (1, 16383), (301, 200)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif"}])
def test_each_kind_of_webp_has_its_size(size: tuple[int, int], options: dict[str, object]) -> None:
    assert read_header(encoded(Image.new("RGB", size), "WEBP", **options)) == HeaderInfo(*size, 1)


def test_scans_are_counted_where_a_decoder_takes_more_than_one() -> None:
    data = encoded(Image.new("RGB", (40, 30)), "JPEG")
    further = data[:-2] + b"\xff\xda\x00\x02" * 200 + data[-2:]
    assert read_header(further) == HeaderInfo(40, 30, 1)
    with pytest.raises(UnreadableImage, match="broken data stream"):
        get_engine().verify(further, engine_options(max_pixels=1200))
    with pytest.raises(FileTooLarge, match="more than 100 scans"):
        read_header(scans(5000))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"BM", b"RIFF", b"1234ftypisom"])
def test_other_formats_are_left_to_pillow(data: bytes) -> None:
    assert read_header(data) is None


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF1234WEBP", b"1234ftypavif"]
)
def test_what_is_damaged_ends(magic: bytes) -> None:
    for byte in range(256):
        claimed = read_header(magic + bytes([byte]) * 999)
        assert claimed is not None
        assert claimed.frames >= 1
