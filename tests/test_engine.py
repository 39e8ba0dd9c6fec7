import io
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from django_shift_media.engines.engine import ImageInfo
from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from django_shift_media.naming.resizes import Resize
from gallery.drawings import draw_photo, landscape
from tests.support.pictures import encoded
from tests.support.samples import PILLOW_NAMES

ENOUGH = 200_000_000
OUTPUT_FORMATS = list(PILLOW_NAMES)


def rendered(data: bytes, text: str, max_pixels: int = ENOUGH) -> Image.Image:
    resized = get_engine().render(data, Resize.parse(text), engine_options(max_pixels=max_pixels))
    image = Image.open(io.BytesIO(resized))
    image.load()
    return image


def is_close(pixel: Any, wanted: tuple[int, ...], distance: int = 12) -> bool:
    return all(abs(a - b) <= distance for a, b in zip(pixel, wanted, strict=True))


@pytest.mark.parametrize("source", OUTPUT_FORMATS)
@pytest.mark.parametrize("target", OUTPUT_FORMATS)
def test_every_format_becomes_every_format(source: str, target: str) -> None:
    data = encoded(landscape(400, 300, 1), PILLOW_NAMES[source])
    quality = 90 if target in {"png", "gif"} else 80
    image = rendered(data, f"100x100-fit-{quality}-noupscale.{target}")
    assert image.format == PILLOW_NAMES[target]
    assert image.size == (100, 75)
    assert is_close(image.convert("RGB").getpixel((5, 5)), (220, 20, 20), 20)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright(orientation: int, format: str) -> None:
    data = draw_photo(640, 480, orientation=orientation, format=format)
    assert get_engine().verify(data, engine_options(max_pixels=ENOUGH)).width == 640
    image = rendered(data, "64x64-fit-80-noupscale.jpg")
    assert image.size == (64, 48)
    assert is_close(image.getpixel((4, 4)), (220, 20, 20), 25)
    assert not is_close(image.getpixel((59, 4)), (220, 20, 20), 60)
    assert not is_close(image.getpixel((4, 43)), (220, 20, 20), 60)


def test_a_focal_point_refers_to_the_upright_image() -> None:
    data = draw_photo(1200, 400, orientation=6)
    red = rendered(data, "40x40-fillx0y0-80-noupscale.jpg")
    assert is_close(red.getpixel((20, 3)), (220, 20, 20), 25)
    other = rendered(data, "40x40-fillx100y0-80-noupscale.jpg")
    assert not is_close(other.getpixel((20, 3)), (220, 20, 20), 60)


@pytest.mark.parametrize(
    "text", ["2000x2000-fit-80-noupscale.jpg", "1000x400-fill-80-noupscale.jpg"]
)
def test_a_smaller_original_is_not_enlarged(text: str) -> None:
    assert rendered(draw_photo(500, 200), text).size == (500, 200)


def test_a_smaller_original_is_enlarged_on_request() -> None:
    assert rendered(draw_photo(50, 20), "500x-fit-80-upscale.webp").size == (500, 200)
    assert rendered(draw_photo(50, 20), "300x300-fill-80-upscale.webp").size == (300, 300)


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1), (3, 2)])
def test_extreme_aspect_ratios_have_no_side_of_zero(size: tuple[int, int]) -> None:
    image = rendered(encoded(Image.new("RGB", size, "blue"), "PNG"), "100x100-fit-80-noupscale.jpg")
    assert min(image.size) >= 1
    assert max(image.size) <= 100


def test_transparency_becomes_white_in_a_jpeg_and_is_kept_otherwise() -> None:
    picture = Image.new("RGBA", (80, 80), (0, 0, 255, 0))
    picture.paste((0, 0, 255, 255), (40, 0, 80, 80))
    data = encoded(picture, "PNG")
    flat = rendered(data, "40x40-fit-80-noupscale.jpg")
    assert is_close(flat.getpixel((5, 20)), (255, 255, 255))
    assert is_close(flat.getpixel((35, 20)), (0, 0, 255), 40)
    for format in ("png", "webp", "avif", "gif", "jxl"):
        quality = 90 if format in {"png", "gif"} else 80
        clear = rendered(data, f"40x40-fit-{quality}-noupscale.{format}").convert("RGBA")
        assert clear.getpixel((5, 20))[3] == 0  # type: ignore[index]
        assert clear.getpixel((35, 20))[3] == 255  # type: ignore[index]


def test_transparent_edges_have_no_dark_fringe() -> None:
    picture = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (100, 0, 200, 200))
    small = rendered(encoded(picture, "PNG"), "31x31-fit-90-noupscale.png")
    for x in range(31):
        *color, alpha = small.getpixel((x, 15))  # type: ignore[misc]
        assert alpha < 8 or min(color) > 240


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGB", "RGBA"])
def test_all_modes_of_png_are_scaled_smoothly(mode: str) -> None:
    ramp = Image.linear_gradient("L").resize((512, 512))
    if mode == "I;16":
        picture = ramp.convert("I").point(lambda value: value * 256).convert("I;16")
    else:
        picture = ramp.convert(mode)
    small = rendered(encoded(picture, "PNG"), "32x32-fit-90-noupscale.png").convert("L")
    for y in range(32):
        assert abs(small.getpixel((16, y)) - 8 * y) < 24  # type: ignore[operator]


def test_metadata_are_removed() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret-note")
    png = encoded(landscape(64, 64, 0), "PNG", pnginfo=notes, exif=Image.Exif())
    jpeg = draw_photo(640, 480, comment=b"secret-note", xmp=b"secret-note", icc_profile=srgb())
    gif = encoded(landscape(64, 64, 0), "GIF", comment=b"secret-note")
    assert b"Camera Works" in jpeg
    for source in (png, jpeg, gif):
        assert b"secret-note" in source
        for format in OUTPUT_FORMATS:
            quality = 90 if format in {"png", "gif"} else 80
            resize = Resize.parse(f"32x32-fit-{quality}-noupscale.{format}")
            resized = get_engine().render(source, resize, engine_options(max_pixels=ENOUGH))
            image = Image.open(io.BytesIO(resized))
            assert not image.getexif()
            assert not {"exif", "xmp", "comment", "icc_profile"} & image.info.keys()
            assert b"secret-note" not in resized
            assert b"Camera Works" not in resized


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_colors_are_converted_from_the_embedded_profile() -> None:
    # A profile whose red and blue are exchanged makes a mistake visible from afar.
    swapped = bytearray(srgb())
    tags = range(132, 132 + 12 * int.from_bytes(swapped[128:132], "big"), 12)
    places = {bytes(swapped[at : at + 4]): at for at in tags}
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    for options in ({"format": "JPEG", "quality": 95}, {"format": "PNG"}):
        data = encoded(
            Image.new("RGB", (64, 64), (250, 0, 0)), icc_profile=bytes(swapped), **options
        )
        image = rendered(data, "32x32-fit-90-noupscale.jpg")
        assert is_close(image.getpixel((16, 16)), (0, 0, 250), 30)


def test_a_damaged_profile_is_ignored() -> None:
    data = encoded(Image.new("RGB", (64, 64), (250, 0, 0)), "PNG", icc_profile=b"no profile")
    assert is_close(rendered(data, "8x8-fit-80-noupscale.jpg").getpixel((4, 4)), (250, 0, 0))


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    data = encoded(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG")
    for format in ("jpg", "webp"):
        image = rendered(data, f"8x8-fit-80-noupscale.{format}")
        assert image.mode == "RGB"
        assert is_close(image.getpixel((4, 4)), (255, 0, 0), 20)


def test_a_jpeg_with_a_second_image_is_a_jpeg() -> None:
    first, second = landscape(640, 480, 1), landscape(64, 48, 2)
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert get_engine().verify(data, engine_options(max_pixels=ENOUGH)) == ImageInfo(
        "jpg", 640, 480
    )
    assert rendered(data, "64x64-fit-80-noupscale.jpg").size == (64, 48)


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_the_format_is_detected_by_content(format: str) -> None:
    data = encoded(landscape(40, 30, 1), PILLOW_NAMES[format])
    assert get_engine().verify(data, engine_options(max_pixels=ENOUGH)) == ImageInfo(format, 40, 30)  # type: ignore[arg-type]


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_a_truncated_image_is_refused(format: str) -> None:
    data = encoded(landscape(400, 300, 1), PILLOW_NAMES[format])
    for length in (len(data) // 2, len(data) - len(data) // 10, 20):
        with pytest.raises(UnreadableImage):
            get_engine().verify(data[:length], engine_options(max_pixels=ENOUGH))
        with pytest.raises(UnreadableImage):
            rendered(data[:length], "10x10-fit-80-noupscale.jpg")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\xff\xd8\xff",
        encoded(Image.new("RGB", (4, 4)), "TIFF"),
        encoded(Image.new("RGB", (4, 4)), "BMP"),
    ],
)
def test_unknown_formats_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableImage) as caught:
        get_engine().verify(data, engine_options(max_pixels=ENOUGH))
    assert "\n" not in str(caught.value)


def test_too_many_pixels_are_refused_by_the_header() -> None:
    bomb = encoded(Image.new("1", (30000, 30000)), "PNG")
    assert len(bomb) < 200_000
    with pytest.raises(FileTooLarge, match=r"pixels"):
        get_engine().verify(bomb, engine_options(max_pixels=100_000_000))
    data = draw_photo(300, 200, format="WEBP")
    with pytest.raises(FileTooLarge, match="300 x 200 pixels; the maximum is 59,999"):
        rendered(data, "10x10-fit-80-noupscale.jpg", max_pixels=59_999)
    with pytest.raises(FileTooLarge, match="The resize would have 3000 x 2000 pixels"):
        rendered(data, "3000x-fit-80-upscale.jpg", max_pixels=1_000_000)


@pytest.mark.parametrize("format", OUTPUT_FORMATS)
def test_the_same_resize_has_the_same_bytes(format: str) -> None:
    quality = 90 if format in {"png", "gif"} else 80
    resize = Resize.parse(f"100x100-fill-{quality}-noupscale.{format}")
    data = draw_photo(640, 480)
    assert (
        len(
            {get_engine().render(data, resize, engine_options(max_pixels=ENOUGH)) for _ in range(3)}
        )
        == 1
    )


def test_noise_is_encoded_at_every_quality() -> None:
    data = encoded(Image.effect_noise((900, 900), 120).convert("RGB"), "PNG")
    for quality in (1, 95, 99):
        assert rendered(data, f"900x-fit-{quality}-noupscale.jpg").size == (900, 900)


def test_a_damaged_orientation_is_ignored() -> None:
    data = encoded(landscape(64, 48, 0), "JPEG", exif=b"Exif\x00\x00garbage that is no TIFF")
    assert get_engine().verify(data, engine_options(max_pixels=ENOUGH)) == ImageInfo("jpg", 64, 48)
