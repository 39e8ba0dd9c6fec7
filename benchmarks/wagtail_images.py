"""
Add files to Wagtail's library: ``python -m benchmarks.wagtail_images ACTION FILE...``.

ACTION is what the view does with a rendition: "serve" or "redirect". Reads a list of [index of the
file, "300x200"] from standard input, and prints a list of the paths of their URLs, both as JSON.
See ``wagtail_settings`` for the environment.
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from wagtail.images.models import Image  # noqa: E402
from wagtail.images.views.serve import generate_image_url  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    view = f"wagtailimages_{sys.argv[1]}"
    images = [
        Image.objects.create(
            title=f"Photo {number}",
            file=ContentFile(Path(name).read_bytes(), name=f"{number}.jpg"),
        )
        for number, name in enumerate(sys.argv[2:])
    ]
    wanted = json.load(sys.stdin)
    urls = [generate_image_url(images[number], f"fill-{size}", view) for number, size in wanted]
    json.dump(urls, sys.stdout)


if __name__ == "__main__":
    main()
