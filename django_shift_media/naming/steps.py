"""
The steps of a site's own, from ``SHIFT_MEDIA_STEPS``: their names and versions.

A step is a function that changes a resized image. Its name and version are part of the key of a
resize, so a new version gives new URLs. Its options are in the settings only.
"""

import re
from typing import Any, NamedTuple

from django_shift_media.conf import conf
from django_shift_media.exceptions import InvalidResize
from django_shift_media.naming.validation import check_number, listed

MAX_STEPS = 4  # of a resize: the names of files have a maximum length
MAX_VERSION = 9_999
# A name has no digits, because the digits of the version end it.
_NAME = "[a-z]{1,16}"
# Part of the pattern of ``Resize``, and so of every resize ever stored.
SERIALIZED = rf"(?:step{_NAME}[0-9]{{1,4}}){{0,{MAX_STEPS}}}"
_SERIALIZED_STEP = re.compile(rf"step({_NAME})([0-9]+)")
_KEYS = {"step", "version", "options"}


class StepVersion(NamedTuple):
    """A step in one version, as in the key of a resize."""

    name: str
    version: int


Steps = tuple[StepVersion, ...]


def check_steps(steps: object) -> None:
    """Raise ``InvalidResize`` for steps that no key can contain."""
    if not isinstance(steps, tuple) or not all(isinstance(step, StepVersion) for step in steps):
        raise InvalidResize(f"Invalid steps {steps!r}. Use a tuple of StepVersion(name, version).")
    for name, version in steps:
        if not _is_name(name):
            raise InvalidResize(f"Invalid step {name!r}. A name has 1 to 16 letters, a to z.")
        if version is None:
            raise InvalidResize(f"The step {name!r} has no version.")
        check_number("version of a step", version, MAX_VERSION)
    if len({name for name, _ in steps}) != len(steps) or len(steps) > MAX_STEPS:
        raise InvalidResize(
            f"Invalid steps {', '.join(name for name, _ in steps)!r}. Use each step once, and"
            f" at most {MAX_STEPS}."
        )


def parse_serialized(text: str) -> Steps:
    """Parse the text that ``serialize()`` returns."""
    return tuple(StepVersion(name, int(v)) for name, v in _SERIALIZED_STEP.findall(text))


def serialize(steps: Steps) -> str:
    return "".join(f"step{name}{version}" for name, version in steps)


def parse_steps(text: object) -> Steps:
    """Parse the option ``steps``, such as "grain,frame"; each has its current version."""
    if text is None or text == "":
        return ()
    if not isinstance(text, str):
        raise InvalidResize(f'Invalid steps {text!r}. Use names such as "grain,frame".')
    return tuple(_current(name.strip()) for name in text.split(","))


def _current(name: str) -> StepVersion:
    version = _current_version(name)
    if version is None:
        raise InvalidResize(
            f"Unknown step {name!r}. Define it in SHIFT_MEDIA_STEPS{listed(conf.steps)}."
        )
    return StepVersion(name, version)


def _current_version(name: str) -> int | None:
    entry = conf.steps.get(name)
    version = entry.get("version", 1) if isinstance(entry, dict) else None
    return version if isinstance(version, int) else None  # E029 reports others


def with_current_versions(steps: Steps) -> Steps:
    """Return the steps with the versions of the settings; one that is unknown stays as it is."""
    return tuple(StepVersion(name, _current_version(name) or version) for name, version in steps)


def require_current(steps: Steps) -> None:
    """
    Raise ``InvalidResize`` for steps that this site does not apply, or no longer.

    With ``SHIFT_MEDIA_OUTDATED_STEPS = "current"``, an older version is accepted. A newer one never
    is: while a site is deployed, it belongs to the code that other processes run already.
    """
    for name, version in steps:
        current = _current_version(name)
        is_accepted = conf.outdated_steps == "current" and current and version < current
        if version != current and not is_accepted:
            raise InvalidResize(
                f"The step {name!r} has version {version} in this URL, but"
                f" {current or 'no version'} in SHIFT_MEDIA_STEPS."
            )


def are_current(steps: Steps) -> bool:
    return all(version == _current_version(name) for name, version in steps)


def step_error(name: Any) -> str | None:
    """Return the reason why a step in the settings is invalid, or None if it is valid."""
    if not _is_name(name):
        return "Invalid name. Use 1 to 16 letters, a to z."
    entry = conf.steps[name]
    if not isinstance(entry, dict):
        return f"Invalid step {entry!r}. Use a dict."
    if unknown := entry.keys() - _KEYS:
        return f"Unknown key {min(unknown, key=str)!r}. The keys are: step, version, options."
    if not isinstance(entry.get("step"), str):
        return f'"step" is {entry.get("step")!r}. Use the dotted path of a function or a class.'
    if not isinstance(entry.get("options", {}), dict):
        return f'"options" is {entry["options"]!r}. Use a dict of keyword arguments.'
    try:
        check_steps((StepVersion(name, entry.get("version", 1)),))
    except InvalidResize as error:
        return str(error)
    return None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(_NAME, name) is not None
