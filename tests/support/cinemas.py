"""Pages with a video in Chromium, and what people do there."""

from typing import Any

from cinema.models import Clip
from tests.support.waiting import PATIENCE

# A picture whose quarters are red, lime, blue and black, in the order of reading.
QUARTERS = (
    "color=c=black:size={size}:rate={rate}:duration={seconds},"
    "drawbox=w=iw/2:h=ih/2:color=red:t=fill,"
    "drawbox=x=iw/2:w=iw/2:h=ih/2:color=lime:t=fill,"
    "drawbox=y=ih/2:w=iw/2:h=ih/2:color=blue:t=fill"
)
_PIXELS = """async (points) => {
    const video = document.querySelector("video");
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    return points.map(([x, y]) => [...context.getImageData(
        Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data.slice(0, 3)]);
}"""
_SEEK = """async (seconds) => {
    const video = document.querySelector("video");
    const sought = new Promise((resolve) => video.addEventListener("seeked", resolve));
    video.currentTime = seconds;
    await sought;
    return video.currentTime;
}"""


class Cinema:
    """The page of one clip in a tab, with all that Chromium complained about."""

    def __init__(self, browser: Any, site: str, clip: Clip) -> None:
        self.page = browser.new_page()
        self.errors: list[str] = []
        self.responses: list[Any] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self.note)
        self.page.on("response", lambda response: self.responses.append(response))
        self.page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        self.page.goto(f"{site}/clips/{clip.pk}/", wait_until="load")
        self.page.evaluate("window.isTheSamePage = true")

    def note(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def wait_for(self, condition: str) -> None:
        """Wait for a condition on ``video``, such as "video.readyState > 2"."""
        code = f"() => {{ const video = document.querySelector('video'); return {condition}; }}"
        self.page.wait_for_function(code, timeout=1000 * PATIENCE)

    def get(self, expression: str) -> Any:
        return self.page.evaluate(f"document.querySelector('video').{expression}")

    def seek(self, seconds: float) -> float:
        position: float = self.page.evaluate(_SEEK, seconds)
        return position

    def play(self) -> None:
        self.page.evaluate("document.querySelector('video').play()")
        self.wait_for("video.currentTime > 0.1")
        self.page.evaluate("document.querySelector('video').pause()")

    def pixels(self, *points: tuple[float, float]) -> list[list[int]]:
        """Return the colors of a frame at these points, each from 0 to 1."""
        colors: list[list[int]] = self.page.evaluate(_PIXELS, points)
        return colors
