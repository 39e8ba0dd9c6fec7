"""The sizes that an AVIF declares, in its boxes and in its AV1 streams."""

import io
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from django_shift_media.engines.decode.av1 import Av1Stream
from django_shift_media.engines.decode.heif import read_color_info
from django_shift_media.engines.decode.preflight import read_header
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from gallery.drawings import draw_photo
from tests.support.hostile import (
    av1,
    av1_unit,
    av1_with_a_size_of_its_own,
    avif,
    avif_frames,
    avif_that_says,
    avif_tiles,
    box,
    encoded,
    full_box,
    in_bytes,
)
from tests.support.requirements import missing

SIZES = [(1, 1), (3, 2), (64, 48), (65, 129), (640, 480), (1, 2000), (2000, 1), (4096, 17)]


def declared(data: bytes) -> tuple[int, int, int]:
    """Return the declared width, height and number of frames."""
    header = read_header(data)
    assert header is not None
    return (*header.size, header.frames)


def found_by_pillow(data: bytes) -> tuple[int, int, int]:
    """Return the width, the height and the number of frames by Pillow."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return (*image.size, getattr(image, "n_frames", 1))


# -- valid files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["RGB", "LA"])
def test_a_picture_has_its_size(size: tuple[int, int], mode: str) -> None:
    data = encoded(size, "AVIF", mode, speed=10)
    assert declared(data) == found_by_pillow(data) == (*size, 1)


@pytest.mark.parametrize("size", SIZES)
def test_an_animation_has_its_size_and_frames(size: tuple[int, int]) -> None:
    data = avif_frames(size, 3)
    assert declared(data) == found_by_pillow(data) == (*size, 3)


STILL = [
    "--grid 4x4",
    "--grid 5x4 --codec rav1e",
    "--crop 10,10,40,40",
]
STILL_OR_MOVING = [
    "",
    "--depth 10",
    "--depth 12 --yuv 444",
    "--yuv 400",
    "--codec rav1e",
    "--codec rav1e --depth 10",
    "--lossless",
    "--premultiply",
    "--range limited",
    "--irot 1",
    "--tilerowslog2 1 --tilecolslog2 2",
    "-a film-grain-test=3",
    "-a enable-order-hint=0",
    "-a error-resilient=1",
]
MADE = [(options, 1) for options in STILL + STILL_OR_MOVING]
MADE += [(options, 5) for options in STILL_OR_MOVING]


@pytest.mark.parametrize(("options", "pictures"), MADE)
def test_what_avifenc_makes_has_its_size_and_frames(
    options: str, pictures: int, tmp_path: Path
) -> None:
    if shutil.which("avifenc") is None:
        missing("avifenc: apt-get install libavif-bin")
    names = [f"{n}.png" for n in range(pictures)]
    for seed, name in enumerate(names):
        picture = Image.open(io.BytesIO(draw_photo(320, 256, seed=seed, format="PNG")))
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
        picture.save(tmp_path / name)
    subprocess.run(
        ["avifenc", "--speed", "10", "--keyframe", "3", *options.split(), *names, "out.avif"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    data = (tmp_path / "out.avif").read_bytes()
    assert declared(data) == found_by_pillow(data) == (320, 256, pictures)


def test_tiles_may_exceed_the_canvas() -> None:
    data = avif_tiles(av1((64, 64)), rows=2, columns=3, size=(160, 100), tile=(64, 64))
    assert found_by_pillow(data) == (160, 100, 1)
    assert declared(data) == (192, 128, 1), "that many pixels are decoded"


# -- files that declare different sizes ------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "largest"),
    [((10, 10), (640, 480)), ((640, 480), (640, 480)), ((999, 999), (999, 999))],
)
def test_the_largest_declared_size_counts(said: tuple[int, int], largest: tuple[int, int]) -> None:
    still = encoded((640, 480), "AVIF", "LA", speed=10)
    assert declared(avif_that_says(said, still)) == (*largest, 1)
    assert declared(avif_tiles(av1((640, 480)), size=said)) == (*largest, 1)
    assert declared(avif_that_says(said, avif_frames((640, 480), 3))) == (*largest, 3)


def test_decoders_use_the_size_in_a_frame_header() -> None:
    data = avif_tiles(av1_with_a_size_of_its_own((4000, 3000), (100, 100)))
    assert found_by_pillow(data) == (100, 100, 1), "decoded, and made smaller"
    assert declared(data) == (65536, 65536, 1), "the most that it can say in 16 bits"


# What comes before the size in a sequence's header: profile, no still picture, then the timing.
PLAIN = "000000"
TIMED = "000001" + "0" * 64
MODEL = "1" + f"{19:05b}" + "0" * 32 + f"{9:05b}" + f"{11:05b}"  # delays of 20, times of 12 bits
SIDES = f"{11:04b}{10:04b}{2999:012b}{1999:011b}"
# What comes behind it, as it is in most files: no numbers of frames, tools, frames choose.
TOOLS = "0000000010011"
POINT = "00000" + "0" * 12  # one operating point
SHOWN_KEY = "0001"


@pytest.mark.parametrize(
    ("sequence", "frame", "size"),
    [
        ("0001100000" + SIDES, "", (3000, 2000)),
        (PLAIN + "0" + POINT + "00000" + SIDES + TOOLS, SHOWN_KEY + "000", (3000, 2000)),
        (PLAIN + "0" + POINT + "00000" + SIDES + TOOLS, SHOWN_KEY + "001", (4096, 2048)),
        (PLAIN + "0" + POINT + "00000" + SIDES + TOOLS, SHOWN_KEY + "0101", (4096, 2048)),
        (PLAIN + "0" + POINT + "010001" + SIDES + TOOLS, SHOWN_KEY + "001", (4096, 2048)),
        (PLAIN + "1" + POINT + "0000010000" + SIDES + TOOLS, SHOWN_KEY, (3000, 2000)),
        (
            PLAIN + "000001" + ("0" * 12 + "00000") * 2 + SIDES + TOOLS,
            "1",  # one that is there already
            (0, 0),
        ),
        (
            TIMED + "000" + POINT + "00000" + SIDES + TOOLS,
            "0111",  # a switch frame always has a size
            (4096, 2048),
        ),
        (
            TIMED + "0" + MODEL + "0" + POINT + "000001" + "0" * 41 + SIDES + TOOLS,
            SHOWN_KEY + "0" * 12 + "001",
            (4096, 2048),
        ),
        (
            TIMED + "100101" + MODEL + "0" + POINT + "000000" + SIDES + TOOLS,
            SHOWN_KEY + "001",
            (4096, 2048),
        ),
        (
            # frames have numbers of 5 + 3 + 2 + 1 bits, tools for screen content are off
            PLAIN + "0" + POINT + "00000" + SIDES + "100111010000000000",
            "0010110" + "0" * 11 + "1",
            (4096, 2048),
        ),
    ],
)
def test_each_layout_of_a_sequence_header(sequence: str, frame: str, size: tuple[int, int]) -> None:
    """The size comes out by the layout of AV1's specification, whatever is before it."""
    stream = av1_unit(1, in_bytes(sequence + "0" * 40)) + av1_unit(6, in_bytes(frame + "0" * 40))
    assert list(Av1Stream(lambda: None).frame_sizes(memoryview(stream))) == [size]
    for kind in (3, 7):
        stream = av1_unit(1, in_bytes(sequence)) + av1_unit(kind, in_bytes(frame or "0"))
        assert list(Av1Stream(lambda: None).frame_sizes(memoryview(stream))) == [size]


def test_a_sample_may_depend_on_the_sequence_header_of_an_earlier_one() -> None:
    stream = Av1Stream(lambda: None)
    assert list(stream.frame_sizes(memoryview(av1((30, 20))))) == [(30, 20)]
    frame = av1_unit(6, b"")
    assert list(stream.frame_sizes(memoryview(frame))) == [(30, 20)]
    with pytest.raises(UnreadableImage, match="a frame has no sequence header"):
        list(Av1Stream(lambda: None).frame_sizes(memoryview(frame)))


def test_a_frame_may_depend_on_any_sequence_header_of_its_stream() -> None:
    stream = memoryview(av1((300, 200)) + av1((30, 20)))
    assert set(Av1Stream(lambda: None).frame_sizes(stream)) == {(300, 200), (30, 20)}
    assert declared(avif_tiles(bytes(stream))) == (300, 200, 1)


def test_a_track_with_two_sample_tables_is_refused() -> None:
    data = avif_frames((30, 20), 3)
    twice = data.replace(b"stss", b"stsz")
    with pytest.raises(UnreadableImage, match="two sample tables"):
        read_header(twice)


def test_the_number_of_layers_is_limited() -> None:
    assert declared(avif_tiles(av1((30, 20)) * 16, size=(30, 20))) == (30, 20, 1)
    with pytest.raises(FileTooLarge, match="more than 16 coded frames"):
        read_header(avif_tiles(av1((30, 20)) * 17))


def avif_in_pieces(*pieces: tuple[int, int], stream: bytes) -> bytes:
    """An AVIF whose only picture is made of these pieces, by offset and length, of a stream."""
    return avif(
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(
            b"iloc",
            struct.pack(">HHHHHH", 0x4400, 1, 1, 1, 0, len(pieces)),
            *(struct.pack(">II", *piece) for piece in pieces),
            version=1,
        ),
        full_box(
            b"iinf",
            struct.pack(">H", 1),
            full_box(b"infe", struct.pack(">HH", 1, 0), b"av01", b"\0", version=2),
        ),
        box(b"idat", stream),
    )


def test_the_extents_of_an_item_must_not_overlap() -> None:
    stream = av1((300, 200))
    half = len(stream) // 2
    pieces = [(0, half), (half, len(stream) - half)]
    assert declared(avif_in_pieces(*pieces, stream=stream)) == (300, 200, 1)
    with pytest.raises(UnreadableImage, match="its parts overlap"):
        read_header(avif_in_pieces(*[(0, len(stream))] * 100, stream=stream))


def test_the_number_of_item_properties_is_limited() -> None:
    many = struct.pack(">HB", 1, 255) + b"\1" * 255
    data = avif(
        full_box(b"pitm", struct.pack(">H", 1)),
        box(b"iprp", box(b"ipco"), full_box(b"ipma", struct.pack(">I", 1000), many * 1000)),
    )
    with pytest.raises(FileTooLarge, match="more than 200,000 parts"):
        read_color_info(data)


@pytest.mark.parametrize(
    ("properties", "colors"),
    [
        ((), (2, 2, 0)),
        ((b"prof", b"nclx"), (9, 16, 0)),
        ((b"nclx", b"clli", b"mdcv"), (9, 16, 400)),
        ((b"mdcv", b"nclx"), (9, 16, 4000)),
        ((b"clli",), (2, 2, 400)),
    ],
)
def test_color_info_of_the_primary_item(
    properties: tuple[bytes, ...], colors: tuple[int, int, float]
) -> None:
    known = {
        b"prof": box(b"colr", b"prof", bytes(128)),
        b"nclx": box(b"colr", b"nclx", struct.pack(">3HB", 9, 16, 9, 128)),
        b"clli": box(b"clli", struct.pack(">2H", 400, 100)),
        b"mdcv": box(b"mdcv", bytes(16), struct.pack(">2I", 40_000_000, 1)),
    }
    # All are there; those that are named belong to the picture.
    numbers = bytes(list(known).index(property) + 1 for property in properties)
    owned = struct.pack(">IHB", 1, 1, len(numbers)) + numbers
    data = avif(
        full_box(b"pitm", struct.pack(">H", 1)),
        box(b"iprp", box(b"ipco", *known.values()), full_box(b"ipma", owned)),
    )
    assert read_color_info(data) == colors
