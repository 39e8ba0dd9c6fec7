"""
The state of a video: the JSON of a row's ``video_field``.

::

    {"state": "working", "percent": 40, "reason": "",
     "facts": {"format": "mp4", "width": 1280, "height": 720, "duration": 12.4, …},
     "made": {"poster-auto.jpg": {"state": "ready", …},
              "video-720-h264.mp4": {"state": "working", "percent": 30}}}

``made`` has an entry for each rendition and poster, by its name without the signature. The states
are "queued", "working", "ready" and "failed". ``state``, ``percent`` and ``reason`` sum them up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django_shift_media.naming.renditions import Made
from django_shift_media.video.facts import VideoFacts
from django_shift_media.video.presets import all_made

State = dict[str, Any]
Entry = Mapping[str, Any]

QUEUED: Entry = {"state": "queued"}


def initial(facts: VideoFacts, wanted: Iterable[Made] | None = None) -> State:
    """Return the state of a new video, whose renditions are about to be enqueued."""
    made = {str(each): dict(QUEUED) for each in (all_made() if wanted is None else wanted)}
    return _summed_up({"facts": facts.as_json(), "made": made})


def with_entry(state: State | None, name: str, entry: Entry) -> State:
    """Return a state with another entry for one rendition or poster."""
    state = state or {}
    made = {**state.get("made", {}), name: dict(entry)}
    return _summed_up({**state, "made": made})


def is_ready(state: State | None, made: Made) -> bool:
    """Return whether a rendition or poster can be requested."""
    return entry_of(state, made).get("state") == "ready"


def entry_of(state: State | None, made: Made) -> Entry:
    entry: Entry = (state or {}).get("made", {}).get(str(made), {})
    return entry


class Summary(NamedTuple):
    state: str
    percent: int
    reason: str


def _summed_up(state: State) -> State:
    return {**state, **sum_up(list(state["made"].values()))._asdict()}


def sum_up(entries: Sequence[Entry]) -> Summary:
    """Return the state of several renditions and posters."""
    states = {entry["state"] for entry in entries}
    if "failed" in states:
        total = "failed"
    elif states <= {"ready"}:
        total = "ready"
    else:
        total = "queued" if states == {"queued"} else "working"
    reasons = [entry["reason"] for entry in entries if entry.get("reason")]
    percents = [_percent(entry) for entry in entries]
    percent = sum(percents) // len(percents) if percents else 100
    return Summary(total, percent, reasons[0] if reasons else "")


def _percent(entry: Entry) -> int:
    return 100 if entry["state"] == "ready" else int(entry.get("percent", 0))
