"""Templates as the two engines of Django render them."""

from typing import Any

from django.template import Context, Template, engines


def rendered(tag: str, **context: Any) -> str:
    return Template("{% load shift_media %}" + tag).render(Context(context))


def jinja2(html: str, **context: Any) -> str:
    return str(engines["jinja2"].from_string(html).render(context))
