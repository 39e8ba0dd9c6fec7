"""
Pictures and animations as Chromium shows them, from one page for many files.

Stills go through ``<img>`` and a canvas in sRGB; animations through ``ImageDecoder`` of WebCodecs,
frame by frame. Chromium recognizes the format of a still by itself.
"""

import base64
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from PIL import Image

_PAGE = "https://pictures.example/"  # WebCodecs needs a secure context
_MAX_BATCH_BYTES = 4_000_000  # in one call, which Playwright sends as one message
# In milliseconds: Chromium, Firefox and Safari show frames of up to 10 for 100.
_MIN_DURATION, _REPLACED_DURATION = 11, 100

_SCRIPT = """
const toBytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));

const toText = bytes => new Promise(resolve => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.readAsDataURL(new Blob([bytes]));
});

const readStill = async text => {
    const image = new Image();
    const url = image.src = URL.createObjectURL(new Blob([toBytes(text)]));
    await image.decode();
    URL.revokeObjectURL(url);
    const canvas = document.createElement('canvas');
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', {colorSpace: 'srgb'});
    context.drawImage(image, 0, 0);
    return {width, height, pixels: await toText(context.getImageData(0, 0, width, height).data)};
};

const readAnimation = async (text, type) => {
    const decoder = new ImageDecoder({data: toBytes(text), type, premultiplyAlpha: 'none'});
    await decoder.completed;
    await decoder.tracks.ready;
    const track = decoder.tracks.selectedTrack;
    const frames = [];
    for (let frameIndex = 0; frameIndex < track.frameCount; frameIndex++) {
        const {image} = await decoder.decode({frameIndex});
        const [width, height] = [image.displayWidth, image.displayHeight];
        const pixels = new Uint8Array(4 * width * height);
        await image.copyTo(pixels, {format: 'RGBA', colorSpace: 'srgb'});
        frames.push({width, height, duration: image.duration, pixels: await toText(pixels)});
        image.close();
    }
    decoder.close();
    const repetitions = isFinite(track.repetitionCount) ? track.repetitionCount : null;
    return {frames, repetitions};
};

const settle = async promise => {
    try { return await promise; } catch (error) { return {error: String(error)}; }
};
"""


class Undecodable(Exception):
    """Chromium does not show a file; the text is its own."""


class ShownFrame(NamedTuple):
    """A frame in RGBA, not premultiplied, and for how many milliseconds it is shown."""

    image: Image.Image
    duration: float


class Animation(NamedTuple):
    """``plays`` is how often all frames are shown, 0 for no end."""

    frames: list[ShownFrame]
    plays: int

    def at(self, milliseconds: float) -> Image.Image:
        """Return what is shown at a time of the first play."""
        ends = itertools.accumulate(frame.duration for frame in self.frames)
        shown = (frame for frame, end in zip(self.frames, ends, strict=True) if milliseconds < end)
        return next(shown, self.frames[-1]).image

    @property
    def duration(self) -> float:
        return sum(frame.duration for frame in self.frames)


class ChromiumPictures:
    """
    Show files in a page of a browser that Playwright has launched.

    Each method has a plural, which shows many files in few calls and returns ``Undecodable``
    instead of raising it.
    """

    def __init__(self, browser: Any) -> None:
        self._page = browser.new_page()
        page = {"content_type": "text/html", "body": "<!DOCTYPE html>"}
        self._page.route(_PAGE, lambda route: route.fulfill(**page))
        self._page.goto(_PAGE)
        self._page.add_script_tag(content=_SCRIPT)

    def still(self, data: bytes) -> Image.Image:
        """Return an image upright, in RGBA, at its ``naturalWidth`` and ``naturalHeight``."""
        return _only(self.stills([data]))

    def animation(self, data: bytes) -> Animation:
        """Return the frames of an animation, or of a still image as the only one."""
        return _only(self.animations([data]))

    def stills(self, files: Iterable[bytes]) -> list[Image.Image | Undecodable]:
        return [
            _read(answer, _image) for answer in self._ask("readStill", ((data,) for data in files))
        ]

    def animations(self, files: Iterable[bytes]) -> list[Animation | Undecodable]:
        arguments = ((data, _content_type(data)) for data in files)
        return [_read(answer, _animation) for answer in self._ask("readAnimation", arguments)]

    def _ask(self, function: str, calls: Iterable[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        for batch in _batches(calls):
            yield from self._page.evaluate(
                f"calls => Promise.all(calls.map(call => settle({function}(...call))))",
                [[base64.b64encode(data).decode(), *others] for data, *others in batch],
            )


def _batches(calls: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    for call in calls:
        if batch and sum(len(data) for data, *_ in [*batch, call]) > _MAX_BATCH_BYTES:
            yield batch
            batch = []
        batch.append(call)
    if batch:
        yield batch


def _only(shown: Sequence[Any]) -> Any:
    (one,) = shown
    if isinstance(one, Undecodable):
        raise one
    return one


def _read(answer: dict[str, Any], read: Any) -> Any:
    return Undecodable(answer["error"]) if "error" in answer else read(answer)


def _image(answer: dict[str, Any]) -> Image.Image:
    size = answer["width"], answer["height"]
    return Image.frombytes("RGBA", size, base64.b64decode(answer["pixels"]))


def _animation(answer: dict[str, Any]) -> Animation:
    frames = [
        ShownFrame(_image(frame), _shown_for(frame["duration"])) for frame in answer["frames"]
    ]
    return Animation(frames, 0 if answer["repetitions"] is None else answer["repetitions"] + 1)


def _shown_for(microseconds: float | None) -> float:
    """Return milliseconds: the decoder has the duration in the file, the page shows another."""
    duration = (microseconds or 0) / 1000
    return duration if duration >= _MIN_DURATION else _REPLACED_DURATION


def _content_type(data: bytes) -> str:
    if data.startswith(b"GIF8"):
        return "image/gif"
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if data[4:8] == b"ftyp" else "image/jpeg"
