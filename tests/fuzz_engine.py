"""
Fuzz the engine, guided by what of its code and Pillow's each file has reached.

``python tests/fuzz_engine.py FOLDER -runs=1000``: files of the folder are mutated, new ones are
added to it; all options are libFuzzer's.
"""

import sys

import atheris

with atheris.instrument_imports(include=["django_shift_media", "PIL"]):
    from django_shift_media.engines.decode.preflight import read_header
    from django_shift_media.engines.pillow import engine
    from django_shift_media.engines.selection import engine_options
    from django_shift_media.exceptions import UnacceptableFile
    from django_shift_media.naming.resizes import Resize

MAX_PIXELS = 1_000_000
RESIZE = Resize.parse("70x50-fill-90-upscale.png")


def attempt(data: bytes) -> None:
    """Let anything out but the errors that say that a file is refused."""
    try:
        read_header(data)
        engine.verify(data, engine_options(max_pixels=MAX_PIXELS))
        engine.render(data, RESIZE, engine_options(max_pixels=MAX_PIXELS))
    except UnacceptableFile:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, attempt)
    atheris.Fuzz()
