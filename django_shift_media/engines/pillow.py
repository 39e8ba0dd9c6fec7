"""The image engine on Pillow."""

from django_shift_media.engines.engine import Backend, Engine
from django_shift_media.engines.pillow_backend import decode, scale

backend = Backend(decode, scale)
engine = Engine(lambda source, jobs: backend)
