"""The tags of ``templatetags/shift_media.py`` as functions, for Jinja2's templates."""

from jinja2 import Environment
from jinja2.ext import Extension

from django_shift_media import markup


class ShiftMediaExtension(Extension):
    """Adds ``resize``, ``picture``, ``img`` and ``srcset`` to the globals of an environment."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            resize=markup.resize, picture=markup.picture, img=markup.img, srcset=markup.srcset
        )
