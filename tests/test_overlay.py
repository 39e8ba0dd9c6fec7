"""The step ``Overlay``: libvips composes the same pixels, and the box is computed by hand."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image, ImageChops

from django_shift_media.engines.selection import engine_options, get_engine
from django_shift_media.naming.presets import resize_for
from django_shift_media.steps import Overlay
from gallery.models import Photo
from tests.support.pictures import decoded, encoded, profile
from tests.support.system_checks import found
from tests.support.watermarks import composed, watermark

PATH = "django_shift_media.steps.Overlay"
OPAQUE = Image.merge("RGB", [Image.effect_noise((100, 80), 80) for _ in range(3)])
CLEAR = OPAQUE.convert("RGBA")
CLEAR.putalpha(Image.linear_gradient("L").rotate(90).resize(CLEAR.size))
WHOLE = {"size": 40, "margin": 0}  # 40 % of 100 pixels: the file is not scaled


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mark.png"
    watermark(path)
    return str(path)


def worst(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any pixel, where the pixels are visible."""
    bands = [
        ImageChops.difference(a, b)
        for a, b in zip(one.convert("RGBa").split(), other.convert("RGBa").split(), strict=True)
    ]
    return max(int(band.getextrema()[1]) for band in bands)  # type: ignore[arg-type]  # numbers


@pytest.mark.parametrize("ground", [OPAQUE, CLEAR], ids=["opaque", "transparent"])
@pytest.mark.parametrize("opacity", [100, 50, 12.5, 0])
def test_pixels_are_those_of_libvips(file: str, ground: Image.Image, opacity: float) -> None:
    overlay = Overlay(file=file, opacity=opacity, **WHOLE)
    result = overlay(ground.copy())
    assert (result.mode, result.size) == (ground.mode, ground.size)
    wanted = composed(ground, Image.open(file), (60, 60), opacity / 100)
    assert worst(result.convert("RGBA"), wanted) <= 2
    if opacity:
        assert worst(result.convert("RGBA"), ground.convert("RGBA")) > 5
    else:
        assert result.tobytes() == ground.tobytes()


def test_known_values(tmp_path: Path) -> None:
    Image.new("RGBA", (10, 10), (200, 100, 0, 128)).save(tmp_path / "a.png")
    overlay = Overlay(file=str(tmp_path / "a.png"), size=10, margin=0, position="top left")
    result = overlay(Image.new("RGB", (100, 100), (0, 100, 200)))
    # 128/255 of the overlay, 127/255 of the ground.
    assert all(
        abs(a - b) <= 1
        for a, b in zip(result.getpixel((5, 5)), (100.4, 100, 99.6), strict=True)  # type: ignore[arg-type]
    )
    assert result.getpixel((10, 5)) == result.getpixel((5, 10)) == (0, 100, 200)


@pytest.mark.parametrize(
    ("options", "size", "box"),
    [
        # Left, top, right and bottom of a square overlay.
        ({}, (400, 200), (400 - 4 - 50, 200 - 4 - 50, 396, 196)),
        ({"position": "top left"}, (400, 200), (4, 4, 54, 54)),
        ({"position": "top right"}, (400, 200), (346, 4, 396, 54)),
        ({"position": "bottom left", "margin": 0}, (400, 200), (0, 150, 50, 200)),
        ({"position": "center"}, (400, 200), (175, 75, 225, 125)),
        ({"position": "center left"}, (400, 200), (4, 75, 54, 125)),
        ({"position": "top center"}, (400, 200), (175, 4, 225, 54)),
        ({"position": "20,100", "margin": 0}, (400, 200), (70, 150, 120, 200)),
        ({"size": 50, "margin": 0, "position": "0,0"}, (200, 400), (0, 0, 100, 100)),
        ({"size": 100, "margin": 50}, (100, 100), (0, 0, 100, 100)),
        ({"size": 100}, (200, 100), (98, 0, 198, 100)),
        ({"size": 1, "margin": 0, "position": "0,0"}, (30, 30), (0, 0, 1, 1)),
    ],
)
def test_the_box_follows_from_the_size_of_the_picture(
    tmp_path: Path, options: Any, size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    Image.new("RGB", (64, 64), "black").save(tmp_path / "black.png")
    result = Overlay(file=str(tmp_path / "black.png"), **options)(Image.new("RGB", size, "white"))
    assert ImageChops.invert(result.convert("L")).getbbox() == box
    assert result.convert("L").histogram()[0] == (box[2] - box[0]) * (box[3] - box[1])


def test_the_shape_of_the_file_is_kept(file: str) -> None:
    """An overlay of 40 by 20 lies inside 25 % of 400 by 80 pixels, which are 100 by 20."""
    result = Overlay(file=file, margin=0)(Image.new("RGBA", (400, 80)))
    left, top, right, bottom = result.getbbox() or (0, 0, 0, 0)
    assert (right, bottom) == (400, 80)
    assert abs(right - left - 40) <= 2
    assert abs(bottom - top - 20) <= 2


def test_tiles_cover_the_picture(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10), "black").save(tmp_path / "black.png")
    overlay = Overlay(file=str(tmp_path / "black.png"), size=10, margin=5, tile=True)
    result = overlay(Image.new("RGB", (100, 100), "white")).convert("L")
    for x in range(100):
        for y in range(100):
            assert result.getpixel((x, y)) == (0 if x % 15 < 10 and y % 15 < 10 else 255)


def test_invisible_colors_of_the_file_do_not_bleed(tmp_path: Path) -> None:
    mark = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    mark.paste((255, 255, 255, 255), (200, 0, 400, 400))
    mark.save(tmp_path / "mark.png")
    result = Overlay(file=str(tmp_path / "mark.png"), size=30)(Image.new("RGB", (99, 99), "white"))
    assert result.getextrema() == ((255, 255),) * 3


def test_a_profile_of_the_file_is_applied(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (10, 200, 10)).save(
        tmp_path / "swapped.png", icc_profile=profile("swapped")
    )
    result = Overlay(file=str(tmp_path / "swapped.png"), size=100)(Image.new("RGB", (50, 50)))
    red, green, _ = result.getpixel((25, 25))  # type: ignore[misc]
    assert red > 150 > green


def test_a_file_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6  # turn by 90 degrees
    image = watermark(tmp_path / "mark.png").convert("RGB")
    image.save(tmp_path / "turned.png", exif=exif)
    image.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "upright.png")
    turned, upright = (
        Overlay(file=str(tmp_path / f"{name}.png"))(OPAQUE) for name in ("turned", "upright")
    )
    assert worst(turned.convert("RGBA"), upright.convert("RGBA")) == 0


@pytest.mark.parametrize("mode", ["P", "L", "LA", "1", "RGB", "I;16"])
def test_files_of_all_modes(tmp_path: Path, mode: str) -> None:
    Image.new("L", (8, 8), 255).convert(mode).save(tmp_path / "a.png")
    result = Overlay(file=str(tmp_path / "a.png"), size=100, margin=0)(Image.new("RGB", (8, 8)))
    assert min(result.getpixel((4, 4))) >= (0 if mode == "I;16" else 255)  # type: ignore[type-var]


def test_a_static_file_is_found(settings: Any, tmp_path: Path, photo: Photo) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / "shop").mkdir()
    watermark(tmp_path / "shop" / "logo.png")
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": {"file": "shop/logo.png"}}}
    assert not found()


def test_it_is_read_once(engine: Any, settings: Any, file: str) -> None:
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": {"file": file}}}
    resize = resize_for("50x", "png", None, steps="logo")
    first = get_engine().render(encoded(OPAQUE), resize, engine_options())
    Path(file).unlink()
    assert get_engine().render(encoded(OPAQUE), resize, engine_options()) == first


def test_an_animation_has_it_on_each_frame(engine: Any, settings: Any, file: str) -> None:
    options = {"file": file, "size": 100, "margin": 0}
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": options}}
    frames = [Image.new("RGB", (40, 20), color) for color in ("black", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    resize = resize_for("40x", "webp", None, steps="logo", lossless=True)
    image = decoded(get_engine().render(data, resize, engine_options()))
    assert image.n_frames == 2  # type: ignore[attr-defined]
    for index, frame in enumerate(frames):
        image.seek(index)
        wanted = composed(frame, Image.open(file), (0, 0))
        assert worst(image.convert("RGBA"), wanted) <= 2


def test_the_view_makes_a_watermark(client: Client, photo: Photo, settings: Any, file: str) -> None:
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": {"file": file, "size": 50}}}
    plain, marked = (
        decoded(client.get(photo.photo.resize("100x", format="png", steps=steps)).content)
        for steps in (None, "logo")
    )
    box = ImageChops.difference(plain.convert("RGB"), marked.convert("RGB")).getbbox()
    assert box is not None
    assert min(box[0] / marked.width, box[1] / marked.height) >= 0.45


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"file": "/nowhere/logo.png"}, "The file '/nowhere/logo.png' is missing."),
        ({"file": "nowhere/logo.png"}, "The file 'nowhere/logo.png' is missing."),
        ({"file": "../logo.png"}, "logo.png"),
        ({"file": ""}, "The file '' is missing."),
        ({"file": __file__}, "Cannot read the file"),
        ({}, "missing 1 required keyword-only argument: 'file'"),
        ({"file": "FILE", "position": "up"}, "Invalid position 'up'."),
        ({"file": "FILE", "position": "101,0"}, "Invalid position '101,0'."),
        ({"file": "FILE", "position": (30, 70)}, "Invalid position (30, 70)."),
        ({"file": "FILE", "position": None}, "Invalid position None."),
        ({"file": "FILE", "size": 0}, "Invalid size 0. Use 1 to 100 percent."),
        ({"file": "FILE", "size": "25%"}, "Invalid size '25%'."),
        ({"file": "FILE", "size": float("nan")}, "Invalid size nan."),
        ({"file": "FILE", "margin": -1}, "Invalid margin -1."),
        ({"file": "FILE", "opacity": 101}, "Invalid opacity 101."),
        ({"file": "FILE", "opacity": True}, "Invalid opacity True."),
        ({"file": "FILE", "colour": "red"}, "unexpected keyword argument 'colour'"),
    ],
)
def test_a_mistake_is_reported(settings: Any, file: str, options: Any, message: str) -> None:
    options = {key: file if value == "FILE" else value for key, value in options.items()}
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": options}}
    problem = found()["shift_media.E031"]
    assert problem.msg.startswith("SHIFT_MEDIA_STEPS['logo']: ")
    assert message in problem.msg


def test_a_damaged_file_is_named(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "damaged.avif"
    # Pillow raises RuntimeError, not OSError, for a file without its av1C.
    path.write_bytes(encoded(OPAQUE, "AVIF").replace(b"av1C", b"av1X"))
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": {"file": str(path)}}}
    assert f"Cannot read the file '{path}'" in found()["shift_media.E031"].msg


def test_static_files_need_their_app(settings: Any) -> None:
    settings.INSTALLED_APPS = [
        app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"
    ]
    settings.SHIFT_MEDIA_STEPS = {"logo": {"step": PATH, "options": {"file": "a.png"}}}
    assert "not an absolute path" in found()["shift_media.E031"].msg
