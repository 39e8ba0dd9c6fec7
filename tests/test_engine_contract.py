"""The contract of image engines: every engine keeps it, and each rule is tested."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from django_shift_media.engines.contract import ImageEngine
from django_shift_media.engines.options import EngineOptions
from django_shift_media.engines.pillow import engine as pillow_engine
from django_shift_media.engines.selection import ENGINES, get_engine
from django_shift_media.naming.resizes import Resize
from django_shift_media.testing import EngineConformance
from gallery.models import Photo
from tests.support.broken_engines import BROKEN
from tests.support.system_checks import found

RULES = sorted(name for name in dir(EngineConformance) if name.startswith("test_"))
HERE = "tests.test_engine_contract"


class TestEngines(EngineConformance):
    @pytest.fixture(autouse=True, params=list(ENGINES))
    def _engine(self, request: Any, settings: Any) -> None:
        settings.SHIFT_MEDIA_ENGINE = request.param
        self.engine = get_engine()


class OwnEngine(ImageEngine):
    """An engine that defines what it must, and inherits the rest."""

    def verify(self, data: bytes, options: EngineOptions) -> Any:
        return pillow_engine.verify(data, options)

    def render_many(
        self, data: bytes, resizes: Sequence[Resize], options: EngineOptions, stopwatch: Any = None
    ) -> list[bytes]:
        return pillow_engine.render_many(data, resizes, options, stopwatch)


class HalfAnEngine(ImageEngine):
    """An engine that lacks ``render_many()``."""

    def verify(self, data: bytes, options: EngineOptions) -> Any:
        return pillow_engine.verify(data, options)


own_engine = OwnEngine()
no_engine = object()


def broken_rules(engine: ImageEngine, rules: Sequence[str]) -> set[str]:
    """Return which of these rules an engine breaks."""
    tests = EngineConformance()
    tests.engine = engine
    broken = set()
    for rule in rules:
        try:
            getattr(tests, rule)()
        except Exception:
            broken.add(rule)
    return broken


@pytest.mark.parametrize("rule", RULES)
def test_an_engine_that_breaks_a_rule_fails_its_test(rule: str) -> None:
    assert broken_rules(BROKEN[rule](), [rule]) == {rule}


@pytest.mark.nightly
@pytest.mark.parametrize("rule", RULES)
def test_an_engine_that_breaks_a_rule_fails_no_other_test(rule: str) -> None:
    assert broken_rules(BROKEN[rule](), RULES) == {rule}


def test_each_broken_engine_is_of_a_rule() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("name", ["own_engine", "OwnEngine"])
def test_an_engine_is_named_by_its_path(
    client: Client, photo: Photo, settings: Any, name: str
) -> None:
    settings.SHIFT_MEDIA_ENGINE = f"{HERE}.{name}"
    assert not found()
    assert isinstance(get_engine(), OwnEngine)
    assert get_engine() is get_engine(), "a class is created once"
    assert client.get(photo.photo.resize("50x")).status_code == 200


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing.at.all", "which cannot be used: No module named 'nothing'"),
        (f"{HERE}.nothing", "which cannot be used: "),
        (
            f"{HERE}.no_engine",
            "which has no method: verify, verify_with_preview, render, render_many.",
        ),
        (f"{HERE}.HalfAnEngine", "which cannot be used: Can't instantiate abstract class"),
        (".", "which cannot be used: "),
    ],
)
def test_what_is_not_an_engine_is_reported(
    client: Client, photo: Photo, settings: Any, path: str, message: str
) -> None:
    settings.SHIFT_MEDIA_ENGINE = path
    problem = found()["shift_media.E003"]
    assert problem.msg.startswith(f"SHIFT_MEDIA_ENGINE is {path!r}, {message}")
    assert client.get(photo.photo.resize("50x")).status_code == 503
