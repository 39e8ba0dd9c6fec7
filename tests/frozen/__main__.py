"""Write the names and digests of the present code: ``python -m tests.frozen``."""

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "testproject"))
os.environ["DJANGO_SETTINGS_MODULE"] = "testproject.settings"

import django

django.setup()

from tests import frozen  # noqa: E402  (the settings come first)

frozen.NAMES.write_text(json.dumps(frozen.names(), indent=1) + "\n")
digests = {}
for engine in frozen.ENGINES:
    with tempfile.TemporaryDirectory() as folder:
        digests[engine] = frozen.pictures(engine, Path(folder))
frozen.PICTURES.write_text(
    json.dumps({"codecs": frozen.codecs(), "digests": digests}, indent=1) + "\n"
)
