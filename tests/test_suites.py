"""Pictures that packages ship, from cameras, phones and odd programs: what other libraries see."""

import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import pyvips
from PIL import Image

from django_shift_media.engines import pillow, vips
from django_shift_media.engines.decode.sniff import sniff_format
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import UnacceptableFile
from django_shift_media.naming.resizes import Resize
from tests.suites import pictures
from tests.support.pictures import ENOUGH, decoded, delta_e, rendered
from tests.support.requirements import missing

SIDE = 400
# Pictures are alike if their mean CIEDE2000 is under this: 1 is about what one sees.
ALIKE = 1.5
PILLOWS = {
    name: path
    for name, path in pictures("pillow").items()
    if sniff_format(path.read_bytes()[:1000])
}
HEIFS = pictures("pillow-heif")

# What libvips reads and we refuse.
REFUSED = {
    "an APNG whose frames are out of order": {
        *("apng/chunk_no_fctl.png", "apng/chunk_no_fdat.png", "apng/chunk_repeat_fctl.png"),
        *("apng/sequence_fdat_fctl.png", "apng/sequence_gap.png", "apng/sequence_reorder.png"),
        *("apng/sequence_reorder_chunk.png", "apng/sequence_repeat.png"),
        *("apng/sequence_repeat_chunk.png", "apng/sequence_start.png"),
        "apng/syntax_num_frames_high.png",
    },
    "it is truncated": {
        *("truncated_end_chunk.png", "truncated_image.png", "truncated_jpeg.jpg", "ultrahdr.jpg"),
        "broken_data_stream.png",
    },
    "it is a bomb": {"decompression_bomb_extents.gif", "png_decompression_dos.png"},
    "Pillow knows no such TIFF": {
        *("hopper_unknown_pixel_mode.tif", "tiff_overflow_rows_per_strip.tif", "hopper_webp.tif"),
        "tiff_tiled_jpeg_oob_read.tif",
    },
    "it has numbers with a sign or of 32 bits": {
        *("8bit.s.tif", "16bit.s.tif", "16_bit_binary_pgm.tiff"),
        "separate_planar_extra_samples.tiff",
    },
}
# What libvips sees otherwise.
OTHERWISE = {
    "it does not look for an orientation there": {
        "xmp_tags_orientation.png",
        *("exif_imagemagick_orientation.png", "xmp_tags_orientation_exiftool.png"),
    },
    "it takes inks without a profile for those of a printing press, browsers do not": {
        *("pil_sample_cmyk.jpg", "tiff_strip_cmyk_16l_jpeg.tif", "tiff_strip_cmyk_jpeg.tif"),
        "tiff_tiled_cmyk_jpeg.tif",
    },
    "it does not look at the curve": {"pil123p.png", "pil123rgba.png"},
    "it compares the low bit of a color that no pixel can have": {"1_trns.png"},
    "it is built without LZMA": {"hopper_lzma.tif"},
}


pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("all_formats")]


def names(tables: dict[str, set[str]]) -> set[str]:
    return {name for table in tables.values() for name in table}


def result(engine: Any, data: bytes) -> Image.Image | str:
    """Return what an engine makes of a file, or why it does not."""
    try:
        width = min(engine.verify(data, engine_options(max_pixels=ENOUGH)).width, SIDE)
        return rendered(engine, data, f"{width}x-fit-90-noupscale.png")
    except UnacceptableFile as error:
        return str(error)


def by_libvips(data: bytes) -> Image.Image | None:
    """Return what libvips makes of it; None: it cannot read it."""
    try:
        width = min(pyvips.Image.new_from_buffer(data, "").autorot().width, SIDE)
        image = pyvips.Image.thumbnail_buffer(
            data, width, height=100_000, export_profile="srgb", intent="relative"
        )
        image = image.cast("uchar").colourspace("srgb")
        image = image if image.hasalpha() else image.bandjoin(255)
        return Image.frombytes("RGBA", (image.width, image.height), image.write_to_memory())
    except pyvips.Error:
        return None


def test_the_suites_are_installed() -> None:
    if not (PILLOWS and HEIFS):
        missing("python -m tests.suites")
    assert len(PILLOWS) > 400
    assert (names(REFUSED) | names(OTHERWISE)) <= PILLOWS.keys()


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, on what is odd
@pytest.mark.parametrize("name", PILLOWS)
def test_a_file_is_what_another_library_sees(name: str) -> None:
    data = PILLOWS[name].read_bytes()
    ours, by_other_engine = result(pillow.engine, data), result(vips.engine, data)
    theirs = by_libvips(data)
    if isinstance(ours, str):
        assert ours == by_other_engine
        assert theirs is None or name in names(REFUSED)
        return
    assert isinstance(by_other_engine, Image.Image)
    assert delta_e(ours, by_other_engine) < 1
    assert name not in names(REFUSED)
    # libvips knows no APNG, and shows the picture that is for readers like it.
    if theirs and not name.startswith("apng/"):
        assert abs(ours.height - theirs.height) <= 1
        is_alike = delta_e(ours, theirs.resize(ours.size)) < ALIKE
        assert is_alike is (name not in names(OTHERWISE))


# -- photographs ----------------------------------------------------------------------------------

# Of Apple (an iPhone 8 Plus, an iPhone 13 Pro, a Vision Pro), Samsung, Sony and Xiaomi.
PHOTOGRAPHS = {
    "heif_other/arrow.heic": (3024, 4032),
    "heif_other/pug.heic": (4032, 3024),
    "heif_other/spatial_photo.heic": (2560, 2560),
    "heif_special/aux_YCbCr.heic": (4000, 1848),
    "heif_other/cat.hif": (4240, 2832),
    "heif_special/xiaomi.heic": (2592, 1944),
}
IN_DISPLAY_P3 = list(PHOTOGRAPHS)[:4]


def photograph(name: str) -> bytes:
    if not HEIFS:
        missing("python -m tests.suites")
    return HEIFS[name].read_bytes()


def by_libheif(data: bytes, folder: Path) -> Image.Image:
    """Decode by the system's libheif, and have libvips convert the colors."""
    if not which("heif-convert"):
        missing("apt-get install libheif-examples")
    source = folder / "photo.heic"
    source.write_bytes(data)
    command = ["heif-convert", "-q", "100", source, folder / "photo.jpg"]
    subprocess.run(command, check=True, capture_output=True)
    path = min(folder.glob("*.jpg"))  # it may have written several
    image = pyvips.Image.thumbnail(
        str(path),
        2 * SIDE,
        height=100_000,
        export_profile="srgb",
        intent="relative",
        no_rotate=True,
    )
    rgb = image.cast("uchar")[:3]
    return Image.frombytes("RGB", (rgb.width, rgb.height), rgb.write_to_memory())


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_looks_as_another_program_shows_it(name: str, tmp_path: Path) -> None:
    data = photograph(name)
    assert pillow.engine.verify(data, engine_options(max_pixels=ENOUGH)).size == PHOTOGRAPHS[name]
    made = rendered(pillow.engine, data, f"{2 * SIDE}x-fit-90-noupscale.png")
    theirs = by_libheif(data, tmp_path)
    assert delta_e(made, theirs.resize(made.size)) < 1


@pytest.mark.parametrize("name", IN_DISPLAY_P3)
def test_colors_of_a_phone_are_kept_where_that_is_asked_for(name: str, settings: Any) -> None:
    data = photograph(name)
    assert "icc_profile" not in rendered(pillow.engine, data, "80x-fit-80-noupscale.jpg").info
    settings.SHIFT_MEDIA_COLOR = "p3"
    assert rendered(pillow.engine, data, "80x-fit-80-noupscale.jpg").info["icc_profile"]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_nothing_of_where_and_by_whom_it_was_taken_survives(name: str) -> None:
    data = photograph(name)
    assert b"Exif" in data
    for format in ("jpg", "webp", "avif"):
        made = pillow.engine.render(
            data, Resize.parse(f"80x-fit-80-noupscale.{format}"), engine_options(max_pixels=ENOUGH)
        )
        assert dict(decoded(made).getexif()) == {}
        assert b"Apple" not in made
        assert b"Exif" not in made


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("name", IN_DISPLAY_P3[:3])  # the fourth ends in other things
def test_a_truncated_photo_is_refused(name: str, part: float) -> None:
    data = photograph(name)
    with pytest.raises(UnacceptableFile, match="The image is damaged: it is truncated"):
        pillow.engine.verify(data[: int(part * len(data))], engine_options(max_pixels=ENOUGH))
