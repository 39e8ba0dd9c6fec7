"""Tests of the contract of image engines, for an engine of one's own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from PIL import Image, ImageFilter, ImageOps, ImageStat

from django_shift_media.exceptions import FileTooLarge, StepFailed, UnreadableImage
from django_shift_media.naming.resizes import ImageFormat, Resize
from django_shift_media.naming.steps import StepVersion
from django_shift_media.testing.conformance_helpers import require
from django_shift_media.testing.engine_conformance_helpers import (
    BLUE,
    COPYRIGHT,
    GREEN,
    RED,
    SIZE,
    WHITE,
    EngineConformanceHelpers,
    animation,
    encoded,
    half_transparent,
    huge,
    options_with,
    quarters,
    require_color,
    require_quarters,
    swapped_profile,
    turned,
)

_DURATIONS = [100, 200, 300]  # milliseconds
_SMALL = Resize(width=40, height=30, format="png")


class EngineConformance(EngineConformanceHelpers):
    """
    A test for each rule of the contract of image engines.

    Inherit also from a test case of Django, or with pytest, from this class only. Set ``engine``
    before each test, in ``setUp()`` or in a fixture. ``output_formats`` are the formats that the
    engine can write.
    """

    output_formats: ClassVar[tuple[ImageFormat, ...]] = ("jpg", "png", "webp", "avif", "gif")

    # -- what is accepted -------------------------------------------------------------------------

    def test_an_image_is_verified_with_its_format_and_upright_size(self) -> None:
        for data, format in ((turned(), "jpg"), (encoded(quarters()), "png")):
            info = self.engine.verify(data, options_with())
            found = (info.format, info.size)
            require(found == (format, SIZE), "verify() returned {}, not {}", found, (format, SIZE))

    def test_what_is_not_an_image_is_refused(self) -> None:
        for data in (b"", b"<html></html>"):
            self._require_refused(data, UnreadableImage)

    def test_a_damaged_image_is_refused(self) -> None:
        noise = Image.effect_noise((200, 200), 90)
        for format in ("JPEG", "PNG"):
            data = encoded(noise, format)
            self._require_refused(data[: len(data) // 2], UnreadableImage)

    def test_a_format_that_is_not_accepted_is_refused(self) -> None:
        self._require_refused(encoded(quarters()), UnreadableImage, formats=("jpg",))

    def test_an_image_with_too_many_pixels_is_refused_by_its_header(self) -> None:
        self._require_refused(huge(), FileTooLarge)

    def test_an_image_with_too_many_frames_is_refused(self) -> None:
        data = animation([RED, GREEN, BLUE], _DURATIONS)
        self._require_refused(data, FileTooLarge, max_frames=2)

    def test_a_resize_with_too_many_pixels_is_refused(self) -> None:
        resize = Resize(width=1_000, height=1_000, how="fill", upscale=True)
        data, options = encoded(quarters()), options_with(max_pixels=999_999)
        _require_raised(lambda: self.engine.render(data, resize, options), FileTooLarge, "render()")

    # -- geometry ---------------------------------------------------------------------------------

    def test_a_resize_has_the_size_of_its_geometry(self) -> None:
        for resize in (
            Resize(width=33, height=None),
            Resize(width=50, height=50, how="fill"),
            Resize(width=50, height=50, how="pad"),
            Resize(width=160, height=None, upscale=True),
            Resize(width=160, height=None),
            Resize(width=1, height=1),
        ):
            size, wanted = self._render_size(resize), resize.geometry(*SIZE).size
            require(size == wanted, "the size of {} is {}, not {}", resize, size, wanted)

    def test_a_resize_is_upright(self) -> None:
        image = self._render(turned(), Resize(width=40, height=30))
        require_quarters(image)

    def test_a_crop_shows_its_part(self) -> None:
        image = self._render_quarters(width=20, height=None, crop=(5_000, 0, 10_000, 5_000))
        for place in ((1, 1), (18, 13)):
            require_color(image, place, GREEN, "crop")

    def test_a_focal_point_stays_visible(self) -> None:
        image = self._render_quarters(width=10, height=30, how="fill", focal_point=(100, 0))
        require_color(image, (2, 2), GREEN, "the focal point is at the right")

    def test_padding_has_the_background_color(self) -> None:
        image = self._render_quarters(width=80, height=80, how="pad", background="0000ff")
        require_color(image, (40, 2), BLUE, "the padding")
        require_color(image, (2, 40 - 25), RED, "the image is in the middle")

    # -- colors -----------------------------------------------------------------------------------

    def test_transparency_is_kept_or_white(self) -> None:
        for format in self.output_formats:
            resize = Resize(width=40, height=30, format=format)
            image = self._render(half_transparent(), resize)
            left = WHITE if format == "jpg" else (0, 0, 0, 0)
            pixel = image.convert("RGBA").getpixel((4, 15))
            found = (0, 0, 0, 0) if pixel[3] == 0 else pixel  # type: ignore[index]  # of four
            difference = max(abs(a - b) for a, b in zip(found, left, strict=False))  # type: ignore[arg-type]
            require(difference <= 40, "in {}, the transparent half is {}", format, found)
            require_color(image, (35, 15), BLUE, f"in {format}")

    def test_colors_become_srgb(self) -> None:
        data = encoded(quarters(), icc_profile=swapped_profile())
        image = self._render(data, _SMALL)
        require_color(image, (2, 2), GREEN, "red in a profile that exchanges red and green")
        require("icc_profile" not in image.info, "the result has a profile")

    def test_grayscale_has_no_colors(self) -> None:
        image = self._render_quarters(width=40, height=None, grayscale=True).convert("RGB")
        for place in ((2, 2), (37, 2), (2, 27)):
            pixel: Any = image.getpixel(place)
            require(max(pixel) - min(pixel) <= 2, "the pixel {} is {}", place, pixel)

    def test_blur_and_sharpen_change_the_contrast(self) -> None:
        data = encoded(Image.effect_noise(SIZE, 60).filter(ImageFilter.GaussianBlur(1)))
        options: tuple[dict[str, Any], ...] = ({}, {"blur": 3}, {"sharpen": 200})
        plain, blurred, sharpened = (
            ImageStat.Stat(self._render(data, Resize(width=80, height=60, format="png", **option)))
            for option in options
        )
        require(blurred.stddev[0] < plain.stddev[0] * 0.8, "blur has not changed the image")
        require(sharpened.stddev[0] > plain.stddev[0] * 1.2, "sharpen has not changed the image")

    # -- files ------------------------------------------------------------------------------------

    def test_a_resize_has_the_format_of_its_name(self) -> None:
        names = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "gif": "GIF"}
        for format in self.output_formats:
            image = self._render_quarters(width=40, height=30, format=format)
            require(image.format == names[format], "{} became {}", format, image.format)
            require_quarters(image)

    def test_metadata_are_removed(self) -> None:
        exif = Image.Exif()
        exif[COPYRIGHT] = "secret-note"
        data = encoded(quarters(), "JPEG", exif=exif, comment=b"secret-note")
        for format in self.output_formats:
            resize = Resize(width=40, height=30, format=format)
            resized = self.engine.render(data, resize, options_with())
            require(b"secret-note" not in resized, "a {} has the original's metadata", format)

    def test_credit_is_kept_on_request(self) -> None:
        exif = Image.Exif()
        exif[COPYRIGHT] = "A. Person"
        data = encoded(quarters(), "JPEG", exif=exif)
        image = self._render(data, Resize(width=40, height=30), keep_credit=True)
        found = image.getexif().get(COPYRIGHT)
        require(found == "A. Person", "with keep_credit, the copyright is {!r}", found)

    def test_an_animation_keeps_its_frames_and_times(self) -> None:
        data = animation([RED, GREEN, BLUE], _DURATIONS)
        for format in {"gif", "webp"}.intersection(self.output_formats):
            image: Any = self._render(data, Resize(width=40, height=30, format=format))  # type: ignore[arg-type]
            require(getattr(image, "n_frames", 1) == 3, "an animated {} has not 3 frames", format)
            for index, color in enumerate((RED, GREEN, BLUE)):
                image.seek(index)
                image.load()
                require_color(image, (20, 15), color, f"frame {index} of {format}")
                require(image.info["duration"] == _DURATIONS[index], "the time of {}", index)

    def test_a_frame_of_an_animation_becomes_a_still(self) -> None:
        data = animation([RED, GREEN, BLUE], _DURATIONS)
        for resize, color in (
            (Resize(width=40, height=30, format="jpg"), RED),
            (Resize(width=40, height=30, format="png", frame=2), GREEN),
        ):
            image = self._render(data, resize)
            require(getattr(image, "n_frames", 1) == 1, "{} is animated", resize)
            require_color(image, (20, 15), color, str(resize))

    # -- steps and calls --------------------------------------------------------------------------

    def test_steps_are_applied_in_order_to_the_result(self) -> None:
        seen: list[tuple[int, int]] = []

        def fill(image: Image.Image) -> Image.Image:
            seen.append(image.size)
            return Image.new("RGB", image.size, RED)

        steps = {"fill": fill, "invert": ImageOps.invert}
        names = (StepVersion("fill", 1), StepVersion("invert", 1))
        resize = Resize(width=40, height=30, format="png", steps=names)
        image = self._render(turned(), resize, get_step=steps.__getitem__)
        require(seen == [(40, 30)], "a step was called with the sizes {}", seen)
        require_color(image, (20, 15), (0, 255, 255), "red, inverted")

    def test_a_failing_step_is_reported_as_such(self) -> None:
        def fail(image: Image.Image) -> Image.Image:
            raise ValueError("no")

        resize = Resize(width=40, height=30, steps=(StepVersion("fail", 1),))
        data, options = encoded(quarters()), options_with(get_step=lambda name: fail)
        _require_raised(lambda: self.engine.render(data, resize, options), StepFailed, "render()")

    def test_several_resizes_are_returned_in_order(self) -> None:
        resizes = [Resize(width=width, height=None, format="png") for width in (10, 40, 20)]
        made = self.engine.render_many(encoded(quarters()), resizes, options_with())
        widths = [int.from_bytes(data[16:20]) for data in made]  # of the headers
        require(widths == [10, 40, 20], "render_many() returned the widths {}", widths)

    def test_threads_do_not_disturb_each_other(self) -> None:
        colors = [RED, GREEN, BLUE, WHITE] * 3
        data = [encoded(Image.new("RGB", SIZE, color)) for color in colors]
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda each: self._render(each, _SMALL), data))
        for image, color in zip(made, colors, strict=True):
            require_color(image, (20, 15), color, "in several threads")

    # ---------------------------------------------------------------------------------------------

    def _render_size(self, resize: Resize) -> tuple[int, int]:
        return self._render(encoded(quarters()), resize).size

    def _require_refused(self, data: bytes, error: type[Exception], **options: Any) -> None:
        given = options_with(**options)
        _require_raised(lambda: self.engine.verify(data, given), error, "verify()")
        _require_raised(lambda: self.engine.render(data, _SMALL, given), error, "render()")


def _require_raised(function: Callable[[], Any], wanted: type[Exception], name: str) -> None:
    try:
        function()
    except wanted:
        return
    except Exception as error:
        raise AssertionError(f"{name} raised {error!r}, not {wanted.__name__}") from error
    raise AssertionError(f"{name} did not raise {wanted.__name__}")
