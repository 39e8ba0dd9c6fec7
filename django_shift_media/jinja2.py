"""An extension for Jinja2 templates."""

from jinja2 import Environment
from jinja2.ext import Extension

from django_shift_media.media import html_tags


class ShiftMediaExtension(Extension):
    """Add the functions ``resize``, ``picture``, ``img`` and ``srcset`` to an environment."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            resize=html_tags.resize,
            picture=html_tags.picture,
            img=html_tags.img,
            srcset=html_tags.srcset,
        )
