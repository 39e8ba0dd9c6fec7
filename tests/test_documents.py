"""The examples of the documents: each template is rendered, and each tag and option is in one."""

import ast
import re
from inspect import signature
from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps

from cinema.models import Clip
from django_shift_media.fields import MediaField
from django_shift_media.naming.srcset import PICTURE_OPTIONS
from django_shift_media.templatetags.shift_media import register
from gallery.models import Photo
from tests.support.examples import EXAMPLES, Example
from tests.support.templates import jinja2, rendered

_TAG = re.compile(r"{[{%] ?(resize|picture|img|srcset|video)\b")


# A block with a caption is a whole file, for readers who follow step by step.
TEMPLATES = [
    example
    for example in EXAMPLES
    if example.language in {"html+django", "html+jinja"} and ":caption:" not in example.options
]


def presets() -> Any:
    """Return the presets of the documents, which each of them may show in part."""
    return shown_setting("SHIFT_MEDIA_PRESETS")


def shown_setting(name: str) -> Any:
    """Return a dictionary of the settings, with what each document shows of it."""
    shown: dict[str, Any] = {}
    for example in EXAMPLES:
        if example.language == "python" and f"{name} = {{" in example.code:
            shown |= next(
                ast.literal_eval(node.value)
                for node in ast.parse(example.code).body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
            )
    return shown


@pytest.mark.usefixtures("jinja2_templates")
@pytest.mark.parametrize("example", TEMPLATES, ids=lambda example: example.document.name)
def test_templates_of_the_documents_are_rendered(
    example: Example, photo: Photo, settings: Any
) -> None:
    settings.SHIFT_MEDIA_PRESETS = presets()
    settings.SHIFT_MEDIA_STEPS = shown_setting("SHIFT_MEDIA_STEPS")
    settings.SHIFT_MEDIA_VIDEO_PRESETS = {
        "web": {"height": 720},
        "small": {"height": 360},
        "hls": {"ladder": [360, 720, 1080]},
    }
    render = rendered if example.language == "html+django" else jinja2
    html = render(example.code, obj=photo, lesson=LESSON)
    assert "{" not in html
    assert html.count("/media/") >= len(_TAG.findall(example.code)) > 0


LESSON = Clip(clip="3c72aedc/ba25/41e6/a569/406c8f413974/clip.mp4/clip.mp4")

MODELS = [e for e in EXAMPLES if e.language == "python" and "models.Model)" in e.code]


@pytest.mark.parametrize("example", MODELS, ids=lambda example: example.document.name)
@isolate_apps("gallery")
def test_models_of_the_documents_are_good(example: Example, settings: Any) -> None:
    settings.SHIFT_MEDIA_PRESETS = presets()
    names = {"models": models, "MediaField": MediaField}  # where the imports are told before
    namespace: dict[str, Any] = {"__name__": "gallery.models", **names}
    exec(example.code, namespace)
    found = [model for model in namespace.values() if isinstance(model, type(models.Model))]
    assert found
    assert [message for model in found for message in model.check()] == []


ARGUMENTS = [
    parameter.name
    for parameter in signature(MediaField).parameters.values()
    if parameter.kind is parameter.KEYWORD_ONLY  # the others are those of Django's own fields
]


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_each_argument_of_the_field_stands_in_an_example(argument: str) -> None:
    assert f"{argument}=" in " ".join(example.code for example in MODELS)


@pytest.mark.parametrize("tag", register.tags)
def test_each_tag_stands_in_an_example(tag: str) -> None:
    shown = " ".join(example.code for example in TEMPLATES)
    assert f"{{% {tag} " in shown
    assert f"{{{{ {tag}(" in shown


@pytest.mark.parametrize("option", [option for option in PICTURE_OPTIONS if option != "size"])
def test_each_option_stands_in_an_example(option: str) -> None:
    assert re.search(rf"\b{option}=", " ".join(example.code for example in TEMPLATES))
