import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_shift_media.aws.bucket import Step, configure
from django_shift_media.aws.documents import Conflict, parse_app_url
from django_shift_media.mount import mount_path
from django_shift_media.s3 import S3MediaStorage
from django_shift_media.storages import media_storage


class Command(BaseCommand):
    help = (
        "Configure the media bucket: anyone may read, and what is missing is redirected to the"
        " app. What others have put into the bucket's policy, website and CORS stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app-url", required=True, help="as in https://www.example.com")
        for option, text in {
            "--create": "create the bucket if it does not exist",
            "--private-originals": "let anyone read resizes only",
            "--dry-run": "print what would be sent, and send nothing",
        }.items():
            parser.add_argument(option, action="store_true", help=text)

    def handle(self, **options: Any) -> None:
        try:
            storage = media_storage()
            if not isinstance(storage, S3MediaStorage) or storage.mode != "website":
                raise CommandError("SHIFT_MEDIA_STORAGE is not an S3MediaStorage in website mode.")
            app = parse_app_url(options["app_url"], mount_path())
            flags = {name: options[name] for name in ("create", "private_originals", "dry_run")}
            self.stdout.write(f"Bucket {storage.bucket_name}, in {storage.region}:")
            steps = []
            for step in configure(storage, app, **flags):
                self.report(step, in_full=options["dry_run"])
                steps.append(step)
        except (BotoCoreError, ClientError, Conflict, ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error
        if failed := [step.name for step in steps if step.state == "failed"]:
            raise CommandError(f"Could not be configured: {', '.join(failed)}.")
        self.stdout.write(f"Media are seen under {storage.base}")

    def report(self, step: Step, *, in_full: bool) -> None:
        reason = f": {step.reason}" if step.reason else ""
        line = f"  {step.state:<14} {step.name}{reason}"
        self.stdout.write(self.style.ERROR(line) if step.state == "failed" else line)
        if in_full and step.state == "to do":
            self.stdout.write(json.dumps(step.document, indent=2))
