"""Image engines that break one rule of the contract each."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django_shift_media.engines.contract import ImageEngine
from django_shift_media.engines.engine import ImageInfo
from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.pillow import engine
from django_shift_media.exceptions import FileTooLarge, StepFailed, UnreadableImage
from django_shift_media.naming.resizes import Resize
from tests.support.pictures import decoded, encoded

# From the test that an engine fails to its class.
BROKEN: dict[str, type["Sound"]] = {}


class Sound(ImageEngine):
    """What the broken ones have in common: they are Pillow's engine, with something changed."""

    rule: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        BROKEN[cls.rule] = cls

    def changed(self, resize: Resize) -> Resize:
        return resize

    def options(self, options: EngineOptions) -> EngineOptions:
        return options

    def original(self, data: bytes) -> bytes:
        return data

    def result(self, data: bytes, made: bytes) -> bytes:
        return made

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        return engine.verify(data, self.options(options))

    def render_many(
        self, data: bytes, resizes: Sequence[Resize], options: EngineOptions, stopwatch: Any = None
    ) -> list[bytes]:
        changed = [self.changed(resize) for resize in resizes]
        made = engine.render_many(self.original(data), changed, self.options(options), stopwatch)
        return [self.result(data, each) for each in made]


class MeasuresAsStored(Sound):
    rule = "test_an_image_is_verified_with_its_format_and_upright_size"

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        info = super().verify(data, options)
        return ImageInfo(info.format, info.height, info.width)


class RaisesAnything(Sound):
    rule = "test_what_is_not_an_image_is_refused"

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        if data[:1] in {b"", b"<"}:
            raise ValueError("no image")
        return super().verify(data, options)


class AcceptsDamagedFiles(Sound):
    rule = "test_a_damaged_image_is_refused"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, truncated="accept")


class AcceptsAllFormats(Sound):
    rule = "test_a_format_that_is_not_accepted_is_refused"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, formats=("jpg", "png", "gif"))


class DecodesBeforeItMeasures(Sound):
    rule = "test_an_image_with_too_many_pixels_is_refused_by_its_header"

    def verify(self, data: bytes, options: EngineOptions) -> ImageInfo:
        try:
            return super().verify(data, options)
        except FileTooLarge as error:
            if data[16:20] == (30_000).to_bytes(4):
                raise UnreadableImage("It has no pixels.") from error
            raise


class AcceptsAllFrames(Sound):
    rule = "test_an_image_with_too_many_frames_is_refused"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, max_frames=2_000)


class MakesLargeResizes(Sound):
    rule = "test_a_resize_with_too_many_pixels_is_refused"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, max_pixels=10_000_000)


class IsOffByOne(Sound):
    rule = "test_a_resize_has_the_size_of_its_geometry"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, width=34) if resize.width == 33 else resize


class TurnsUpsideDown(Sound):
    rule = "test_a_resize_is_upright"

    def result(self, data: bytes, made: bytes) -> bytes:
        is_turned = data[:2] == b"\xff\xd8" and decoded(data).getexif().get(0x0112) == 6
        image = decoded(made)
        return encoded(image.rotate(180), str(image.format)) if is_turned else made


class IgnoresCrops(Sound):
    rule = "test_a_crop_shows_its_part"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, crop=None)


class IgnoresFocalPoints(Sound):
    rule = "test_a_focal_point_stays_visible"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, focal_point=None)


class PadsWithWhite(Sound):
    rule = "test_padding_has_the_background_color"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, background=None)


class MakesTransparencyBlack(Sound):
    rule = "test_transparency_is_kept_or_white"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, background=resize.background or "000000")


class IgnoresProfiles(Sound):
    rule = "test_colors_become_srgb"

    def original(self, data: bytes) -> bytes:
        if b"iCCP" not in data:
            return data
        image = decoded(data)
        image.info.pop("icc_profile")
        return encoded(image)


class KeepsColors(Sound):
    rule = "test_grayscale_has_no_colors"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, grayscale=False)


class NeverBlurs(Sound):
    rule = "test_blur_and_sharpen_change_the_contrast"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, blur=None)


class WritesAnotherFormat(Sound):
    rule = "test_a_resize_has_the_format_of_its_name"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, format="webp") if resize.format == "avif" else resize


class KeepsMetadata(Sound):
    rule = "test_metadata_are_removed"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, keep_credit=True)


class LosesCredit(Sound):
    rule = "test_credit_is_kept_on_request"

    def options(self, options: EngineOptions) -> EngineOptions:
        return replace(options, keep_credit=False)


class StopsAnimations(Sound):
    rule = "test_an_animation_keeps_its_frames_and_times"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, frame=1) if resize.format in {"gif", "webp"} else resize


class AnimatesStills(Sound):
    rule = "test_a_frame_of_an_animation_becomes_a_still"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, frame=None)


class StepsBackwards(Sound):
    rule = "test_steps_are_applied_in_order_to_the_result"

    def changed(self, resize: Resize) -> Resize:
        return replace(resize, steps=resize.steps[::-1])


class BlamesTheImage(Sound):
    rule = "test_a_failing_step_is_reported_as_such"

    def render_many(
        self, data: bytes, resizes: Sequence[Resize], options: EngineOptions, stopwatch: Any = None
    ) -> list[bytes]:
        try:
            return super().render_many(data, resizes, options, stopwatch)
        except StepFailed as error:
            raise UnreadableImage("A step failed.") from error


class SortsResizes(Sound):
    rule = "test_several_resizes_are_returned_in_order"

    def render_many(
        self, data: bytes, resizes: Sequence[Resize], options: EngineOptions, stopwatch: Any = None
    ) -> list[bytes]:
        resizes = sorted(resizes, key=lambda resize: resize.width or 0)
        return super().render_many(data, resizes, options, stopwatch)


class NeedsItsThread(Sound):
    rule = "test_threads_do_not_disturb_each_other"

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def original(self, data: bytes) -> bytes:
        if threading.get_ident() != self.thread:
            raise RuntimeError("another thread")
        return data
