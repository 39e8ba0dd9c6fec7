from argparse import BooleanOptionalAction
from dataclasses import fields
from typing import Any, get_args

from django.core.management.base import CommandParser

from django_shift_media.aws.access import check_distribution_arn
from django_shift_media.aws.access_logs import parse_log_target
from django_shift_media.aws.bucket import bucket_resources, next_steps
from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.export.formats import CONSOLE, FORMATS, bucket_text
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.tags import parse_tags
from django_shift_media.aws.website import RedirectCode
from django_shift_media.management.plan_command import PlanCommand, add_options_for_operators
from django_shift_media.naming.urlconf import url_prefix
from django_shift_media.storages.base import Mode


class Command(PlanCommand):
    help = (
        "Configure the media bucket: allow reading media, and redirect requests for missing files"
        " to the app. Settings that others have added to the bucket stay, and so do settings that"
        " no option is given for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add(
            "--app-url",
            metavar="URL",
            help="public URL of the app, such as https://www.example.com; required in mode website",
        )
        add(
            "--mode",
            choices=get_args(Mode),
            help="serve media from a public bucket website, from a private bucket behind a CDN that"
            " fails over to the app, or by the app (default: the storage's mode)",
        )
        add("--create", action="store_true", help="create the bucket if it does not exist")
        add(
            "--remove",
            action="store_true",
            help="remove everything that this command has added",
        )
        add(
            "--print",
            nargs="?",
            const=CONSOLE,
            choices=[CONSOLE, *FORMATS],
            metavar="FORMAT",
            help="print what the command makes, without any request to AWS: the bucket policy and"
            " routing rules to paste into a console (the default), or everything as json,"
            " terraform or cloudformation",
        )
        add(
            "--private-originals",
            action=BooleanOptionalAction,
            help="make only resizes public, not originals (default: unchanged; public in a new"
            " configuration)",
        )
        add(
            "--distribution-arn",
            metavar="ARN",
            help="ARN of the CloudFront distribution that may read the bucket, in mode failover"
            " (default: unchanged)",
        )
        add(
            "--cors-origin",
            action="append",
            dest="cors_origins",
            metavar="ORIGIN",
            help='origin whose scripts may read media, such as https://www.example.com, or "*";'
            ' repeat it for several origins, or use "none" to allow no scripts (default:'
            " unchanged)",
        )
        add(
            "--expire-resizes",
            type=int,
            metavar="DAYS",
            help="delete resizes after DAYS days; 0 disables expiry (default: unchanged)",
        )
        add(
            "--uploads",
            action="append",
            dest="upload_origins",
            metavar="ORIGIN",
            help="origin whose pages may upload straight to the bucket, such as"
            ' https://www.example.com; repeat it for several origins, or use "none" to allow no'
            " pages; uploads that are not completed are deleted after 7 days (default: unchanged)",
        )
        add_options_for_operators(parser)
        add(
            "--redirect-code",
            choices=get_args(RedirectCode),
            default="302",
            # nginx caches 200, 301 and 302 if proxy_cache_valid names no status.
            help="status of redirects; use 307 if a cache in between stores 302s (default: 302)",
        )

    def headline(self, options: dict[str, Any]) -> str:
        return f"Bucket {self.storage.bucket_name} in {self.storage.region}:"

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        return bucket_resources(self.storage, self.bucket_options(options))

    def run_plan(self, options: dict[str, Any]) -> None:
        if options["print"]:
            bucket_options = self.bucket_options(options)
            self.stdout.write(bucket_text(self.storage, bucket_options, options["print"]))
        else:
            super().run_plan(options)

    def finish(self, options: dict[str, Any]) -> list[str]:
        return next_steps(self.storage, self.bucket_options(options))

    def bucket_options(self, options: dict[str, Any]) -> BucketOptions:
        names = [field.name for field in fields(BucketOptions)]
        values: dict[str, Any] = {name: options.get(name) for name in names}
        logs = options["access_logs"]
        if arn := options["distribution_arn"]:
            check_distribution_arn(arn)
        return BucketOptions(
            **{
                **values,
                "mode": options["mode"] or self.storage.mode,
                "mount": url_prefix(self.storage_alias),
                "access_logs": logs and parse_log_target(logs, self.storage.bucket_name),
                "tags": parse_tags(options["tags"]),
            }
        )
