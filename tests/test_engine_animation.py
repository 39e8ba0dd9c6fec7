"""Animations keep their frames, durations, number of plays and transparency."""

import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import pyvips
from PIL import Image, ImageDraw

from django_shift_media.engines.engine import Engine
from django_shift_media.engines.selection import engine_options
from django_shift_media.exceptions import FileTooLarge, UnreadableImage
from django_shift_media.naming.resizes import Resize
from tests.support.animations import GifFrame, Place, PngFrame, apng, gif
from tests.support.pictures import ENOUGH, decoded, distance, encoded, rendered

SIZE = (120, 80)
DURATIONS = [50, 60, 70, 120, 400]
ANIMATED = ["GIF", "WEBP", "PNG", "AVIF"]
QUALITIES = {"gif": 90, "webp": 80, "png": 90, "avif": 60}
CLEAR = (0, 0, 0, 0)


def drawing(number: int, ground: tuple[int, ...] = CLEAR) -> Image.Image:
    """A red disc that moves to the right."""
    frame = Image.new("RGBA", SIZE, ground)
    left = 20 * number
    ImageDraw.Draw(frame).ellipse((left, 20, left + 36, 60), fill=(230, 30 * number, 0, 255))
    return frame


def animation(format: str, loop: int | None = None, **options: Any) -> bytes:
    first, *others = (drawing(number) for number in range(len(DURATIONS)))
    if loop is not None:
        options["loop"] = loop
    if format == "GIF":
        options["disposal"] = 2
    return encoded(
        first, format, save_all=True, append_images=others, duration=DURATIONS, **options
    )


def frames_of(image: Image.Image) -> list[Image.Image]:
    frames = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(image.convert("RGBA"))
    return frames


def durations_of(image: Image.Image) -> list[int]:
    durations = []
    for number in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(number)
        image.load()
        durations.append(round(image.info["duration"]))
    return durations


@pytest.mark.parametrize("source", ANIMATED)
@pytest.mark.parametrize("target", QUALITIES)
def test_frames_keep_their_order_and_durations(engine: Engine, source: str, target: str) -> None:
    made = rendered(engine, animation(source), f"60x-fit-{QUALITIES[target]}-noupscale.{target}")
    frames = frames_of(made)
    assert durations_of(made) == DURATIONS
    for number, frame in enumerate(frames):
        small = drawing(number).resize((60, 40), Image.Resampling.LANCZOS)
        assert distance(frame, small) < 4
        assert frame.getpixel((58, 2))[3] == 0, "what is transparent stays so"  # type: ignore[index]


@pytest.mark.parametrize(
    ("source", "loop", "plays"),
    [
        ("GIF", None, 1),
        ("GIF", 0, 0),
        ("GIF", 2, 3),
        ("WEBP", 0, 0),
        ("WEBP", 1, 1),
        ("WEBP", 3, 3),
        ("PNG", 0, 0),
        ("PNG", 3, 3),
        ("AVIF", None, 0),
    ],
)
@pytest.mark.parametrize("target", ["gif", "webp", "png"])
def test_the_number_of_plays_is_kept(
    engine: Engine, source: str, loop: int | None, plays: int, target: str
) -> None:
    made = rendered(
        engine, animation(source, loop), f"60x-fit-{QUALITIES[target]}-noupscale.{target}"
    )
    if target == "gif":  # which says how often it is repeated
        assert made.info.get("loop") == (None if plays == 1 else max(plays - 1, 0))
    else:
        assert made.info["loop"] == plays


@pytest.mark.parametrize("source", ANIMATED)
def test_a_still_format_has_the_first_frame(engine: Engine, source: str) -> None:
    made = rendered(engine, animation(source), "60x-fit-80-noupscale.jpg")
    assert distance(made, drawing(0).resize((60, 40), Image.Resampling.LANCZOS)) < 4


@pytest.mark.parametrize("source", ANIMATED)
@pytest.mark.parametrize("target", ["jpg", *QUALITIES])
@pytest.mark.parametrize(("number", "shown"), [(1, 0), (3, 2), (99, 4)])
def test_a_selected_frame_is_a_still_image(
    engine: Engine, source: str, target: str, number: int, shown: int
) -> None:
    frame = "" if (target, number) == ("jpg", 1) else f"frame{number}"
    quality = QUALITIES.get(target, 80)
    made = rendered(engine, animation(source), f"60x-fit{frame}-{quality}-noupscale.{target}")
    assert getattr(made, "n_frames", 1) == 1
    assert distance(made, drawing(shown).resize((60, 40), Image.Resampling.LANCZOS)) < 4


# What becomes of a frame before the next one: it stays, is cleared, or what was there before it is
# back.
@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_disposal_of_gif_frames_matches_another_program(engine: Engine, disposal: int) -> None:
    blue, red, green, clear = range(4)
    palette = bytes([0, 0, 250, 250, 0, 0, 0, 250, 0, *[9] * 15])
    frames = [
        GifFrame(Place(0, 0, 12, 8), [blue] * 96, 1, transparent=clear),
        GifFrame(Place(2, 2, 4, 4), [red] * 16, disposal, transparent=clear),
        GifFrame(Place(5, 2, 4, 4), [green, clear] * 8, disposal, transparent=clear),
        GifFrame(Place(9, 6, 2, 1), [red, clear], disposal, transparent=clear),
    ]
    data = gif((12, 8), frames, palette)
    theirs = pyvips.Image.new_from_buffer(data, "", n=-1)
    theirs = theirs if theirs.bands == 4 else theirs.bandjoin(255)
    seen_frames = frames_of(rendered(engine, data, "12x-fit-90-noupscale.png"))
    assert len(seen_frames) == 4
    seen = b"".join(frame.convert("RGBa").tobytes() for frame in seen_frames)
    assert seen == theirs.premultiply().cast("uchar").write_to_memory()


@pytest.mark.parametrize("blend", [0, 1])  # over the frame before, or in its place
@pytest.mark.parametrize("disposal", [0, 1, 2])
def test_frames_of_an_apng_are_blended(engine: Engine, blend: int, disposal: int) -> None:
    first, second = drawing(0, (0, 0, 255, 255)), drawing(2)
    data = encoded(
        first,
        "PNG",
        save_all=True,
        append_images=[second],
        duration=100,
        blend=blend,
        disposal=disposal,
    )
    frames = frames_of(rendered(engine, data, "60x-fit-80-noupscale.webp"))
    ground = frames[1].getpixel((2, 2))
    if blend and disposal == 0:
        assert distance(frames[1].crop((0, 0, 4, 4)), Image.new("RGBA", (4, 4), "blue")) < 8
    else:
        assert ground[3] == 0  # type: ignore[index]


def test_frames_on_a_background_are_opaque(engine: Engine) -> None:
    for text in ("60x60-pad-80-noupscale.webp", "60x-fitbgffffff-90-noupscale.gif"):
        made = rendered(engine, animation("GIF"), text)
        for number, frame in enumerate(frames_of(made)):
            assert frame.getchannel("A").getextrema() == (255, 255)
            assert (number, frame.size[0]) == (number, 60)


def test_the_limit_applies_to_all_frames_of_a_resize(engine: Engine) -> None:
    resize = Resize.parse("240x-fit-80-upscale.webp")
    data = animation("GIF")
    assert engine.render(data, resize, engine_options(max_pixels=5 * 240 * 160))
    with pytest.raises(FileTooLarge, match="The resize would have 5 frames of 240 x 160 pixels"):
        engine.render(data, resize, engine_options(max_pixels=5 * 240 * 160 - 1))
    assert engine.render(
        data,
        Resize.parse("240x-fitframe1-80-upscale.webp"),
        engine_options(max_pixels=5 * 240 * 160 - 1),
    )


@pytest.mark.parametrize("format", ["TIFF", "MPO"])
def test_further_images_of_a_file_are_not_frames(
    engine: Engine, format: str, settings: Any
) -> None:
    settings.SHIFT_MEDIA_FORMATS = ["jpg", "tiff"]
    first, *others = (drawing(number, (9, 9, 9, 255)).convert("RGB") for number in range(5))
    data = encoded(first, format, save_all=True, append_images=others)
    for text in ("60x-fit-80-noupscale.webp", "60x-fitframe2-80-noupscale.webp"):
        made = rendered(engine, data, text)
        assert getattr(made, "n_frames", 1) == 1
        assert distance(made, first.resize((60, 40), Image.Resampling.LANCZOS)) < 4


@pytest.mark.parametrize("target", ["webp", "gif"])
def test_unchanged_areas_are_stored_once(engine: Engine, target: str) -> None:
    ground = Image.effect_noise((200, 150), 60).convert("RGB")
    frames = []
    for number in range(20):
        frames.append(ground.copy())
        ImageDraw.Draw(frames[-1]).ellipse((9 * number, 50, 9 * number + 20, 70), fill="red")
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    quality = QUALITIES[target]
    text = f"200x-fit-{quality}-noupscale.{target}"
    made = engine.render(data, Resize.parse(text), engine_options(max_pixels=ENOUGH))
    still = engine.render(
        data, Resize.parse(text.replace("fit", "fitframe1")), engine_options(max_pixels=ENOUGH)
    )
    assert decoded(made).n_frames == 20  # type: ignore[attr-defined]
    assert len(made) < 2 * len(still)


def test_each_scene_has_its_own_palette(engine: Engine) -> None:
    scenes = [Image.radial_gradient("L").resize((200, 150)).convert("RGB") for _ in range(3)]
    scenes = [
        Image.composite(scene, Image.new("RGB", (200, 150), ground), scene.convert("L"))
        for scene, ground in zip(scenes, ("red", "green", "blue"), strict=True)
    ]
    data = encoded(scenes[0], "WEBP", save_all=True, append_images=scenes[1:], lossless=True)
    made = rendered(engine, data, "200x-fit-90-noupscale.gif")
    for scene, frame in zip(scenes, frames_of(made), strict=True):
        assert distance(frame, scene) < distance(scene.quantize(256), scene) + 0.1


def each_in_a_second_of_its_own(times: int) -> Iterator[int]:
    """Count, once in each second of the clock, which some encoders write into files."""
    for number in range(times):
        yield number
        time.sleep(1 - time.time() % 1)


@pytest.mark.parametrize(
    "engine", ["pillow", pytest.param("vips", marks=pytest.mark.nightly)], indirect=True
)
def test_the_same_animation_has_the_same_bytes(engine: Engine) -> None:
    for target, quality in QUALITIES.items():
        resize = Resize.parse(f"60x-fit-{quality}-noupscale.{target}")
        one, other = (
            engine.render(animation("WEBP"), resize, engine_options(max_pixels=ENOUGH))
            for _ in each_in_a_second_of_its_own(2)
        )
        assert one == other
        assert decoded(one).n_frames == 5  # type: ignore[attr-defined]


def test_the_default_image_of_an_apng_is_not_a_frame(engine: Engine) -> None:
    alone = Image.new("RGBA", SIZE, (0, 0, 255, 255))
    data = encoded(
        alone,
        "PNG",
        save_all=True,
        default_image=True,
        append_images=[drawing(0), drawing(1)],
        duration=[70, 80],
    )
    made = rendered(engine, data, "60x-fit-80-noupscale.webp")
    assert durations_of(made) == [70, 80]
    for number, frame in enumerate(frames_of(made)):
        assert distance(frame, drawing(number).resize((60, 40), Image.Resampling.LANCZOS)) < 4
    still = rendered(engine, data, "60x-fit-80-noupscale.jpg")
    assert distance(still, alone.resize((60, 40))) < 4
    chosen = rendered(engine, data, "60x-fitframe2-90-noupscale.png")
    assert distance(chosen, drawing(1).resize((60, 40), Image.Resampling.LANCZOS)) < 4


@pytest.mark.parametrize("format", ANIMATED)
def test_a_truncated_animation_is_refused(engine: Engine, format: str) -> None:
    data = animation(format)
    data = data[: len(data) * 3 // 4]
    with pytest.raises(UnreadableImage):
        engine.verify(data, engine_options(max_pixels=ENOUGH))


WHOLE = Place(0, 0, 20, 10)
STRIPE = Image.new("RGBA", (20, 10), (200, 0, 0, 128))


def stripes(*frames: PngFrame) -> bytes:
    return apng((20, 10), [PngFrame(WHOLE, STRIPE), *frames])


def with_frame_count(count: int, data: bytes) -> bytes:
    start = data.index(b"acTL") + 4
    content = struct.pack(">II", count, 0)
    checksum = struct.pack(">I", zlib.crc32(b"acTL" + content))
    return data[:start] + content + checksum + data[start + 12 :]


def without(chunk: bytes, data: bytes) -> bytes:
    """Remove the last chunk of a type."""
    start = data.rindex(chunk) - 4
    (length,) = struct.unpack_from(">I", data, start)
    return data[:start] + data[start + 12 + length :]


SECOND = PngFrame(Place(4, 2, 8, 6), STRIPE.resize((8, 6)))


@pytest.mark.parametrize(
    "data",
    [
        stripes(SECOND._replace(place=Place(16, 2, 8, 6))),
        stripes(SECOND._replace(place=Place(4, 2, 8, 60))),
        with_frame_count(3, stripes(SECOND)),
        without(b"fdAT", stripes(SECOND)),
        without(b"fdAT", stripes(SECOND, SECOND)),
        without(b"fcTL", stripes(SECOND, SECOND)),
    ],
    ids=["outside", "too few rows", "too few frames", "no pixels", "no pixels", "out of order"],
)
def test_an_apng_with_frames_that_make_no_sense_is_refused(engine: Engine, data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        engine.verify(data, engine_options(max_pixels=ENOUGH))
    with pytest.raises(UnreadableImage):
        rendered(engine, data, "20x-fit-90-noupscale.png")


def test_further_frames_than_an_apng_announces_are_left_out(engine: Engine) -> None:
    data = with_frame_count(2, stripes(SECOND, SECOND._replace(blend=1)))
    made = rendered(engine, data, "20x-fit-90-noupscale.png")
    assert made.n_frames == 2  # type: ignore[attr-defined]


def test_half_transparent_frames_are_blended_as_porter_and_duff_do(engine: Engine) -> None:
    clear = Image.new("RGBA", (20, 10))
    frames = [PngFrame(WHOLE, clear), PngFrame(WHOLE, STRIPE, blend=1)]
    frames.append(PngFrame(WHOLE, Image.new("RGBA", (20, 10), (0, 0, 200, 128)), blend=1))
    shown = frames_of(rendered(engine, apng((20, 10), frames), "20x-fit-90-noupscale.png"))
    assert [frame.getpixel((0, 0)) for frame in shown] == [
        (0, 0, 0, 0),
        (200, 0, 0, 128),
        # Alpha: 128 + 128 * (1 - 128 / 255); blue: 200 * 128 / alpha.
        pytest.approx((67, 0, 133, 192), abs=1),
    ]
