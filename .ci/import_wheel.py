"""Import the package where only its wheel is installed, and look at what it carries."""

import importlib
import importlib.metadata
import pathlib

import django
from django.conf import settings
from django.core.management import get_commands

MODULES = ("fields", "storages.s3", "urls")
COMMANDS = {
    *("check_media", "configure_media_bucket", "configure_media_cdn", "media_iam_policy"),
    *("clean_media_orphans", "clear_media_resizes", "warm_media"),
    *("copy_media", "erase_media", "export_media", "import_media", "media_costs", "media_report"),
    "retry_media_video",
}

settings.configure(INSTALLED_APPS=["django_shift_media"], SECRET_KEY="x" * 50)
django.setup()
for module in MODULES:
    importlib.import_module(f"django_shift_media.{module}")
assert get_commands().keys() >= COMMANDS
package = importlib.import_module("django_shift_media")
assert pathlib.Path(str(package.__file__)).with_name("py.typed").exists()
print("imported", importlib.metadata.version("django-shift-media"))
