from argparse import BooleanOptionalAction
from dataclasses import fields
from typing import Any, get_args

from django.core.management.base import CommandParser

from django_shift_media.aws.bucket import Wanted, advice, bucket_parts, bucket_texts
from django_shift_media.aws.plan import Part
from django_shift_media.aws.website import RedirectCode
from django_shift_media.management.plan_command import PlanCommand
from django_shift_media.naming.urlconf import url_prefix
from django_shift_media.storages.base import Mode


class Command(PlanCommand):
    help = (
        "Configure the media bucket: let media be read, and send readers of what is missing to"
        " the app. What others have put into its configuration stays, and so does what is ours"
        " and no option is about."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--app-url", help="where the app is seen, as in https://www.example.com")
        add("--mode", choices=get_args(Mode), help="default: the storage's own")
        add("--create", action="store_true", help="create the bucket if it does not exist")
        add("--remove", action="store_true", help="take out what this command has put in")
        add("--print", action="store_true", help="print policy and routing rules, ask nobody")
        add("--private-originals", action=BooleanOptionalAction, help="only resizes may be read")
        add("--distribution-arn", help="of the CloudFront that may read, in mode failover")
        origins: dict[str, Any] = {"action": "append", "dest": "cors_origins", "metavar": "ORIGIN"}
        add("--cors-origin", help='whose scripts may read; repeatable; or "none"', **origins)
        add("--expire-resizes", type=int, metavar="DAYS", help="delete them when so old; 0: never")
        codes: dict[str, Any] = {"choices": get_args(RedirectCode), "default": "302"}
        # nginx's caches, for one, keep 200, 301 and 302 where nobody has named any.
        add("--redirect-code", help="307: caches in between that keep 302s leave it alone", **codes)

    def headline(self, options: dict[str, Any]) -> str:
        return f"Bucket {self.storage.bucket_name}, in {self.storage.region}:"

    def parts(self, options: dict[str, Any]) -> list[Part]:
        return bucket_parts(self.storage, self.wanted(options))

    def carry_out(self, options: dict[str, Any]) -> None:
        if options["print"]:
            for name, text in bucket_texts(self.storage, self.wanted(options)).items():
                self.stdout.write(f"{name}:\n\n{text}\n\n")
        else:
            super().carry_out(options)

    def conclude(self, options: dict[str, Any]) -> list[str]:
        return advice(self.storage, self.wanted(options))

    def wanted(self, options: dict[str, Any]) -> Wanted:
        given: dict[str, Any] = {field.name: options.get(field.name) for field in fields(Wanted)}
        mode = options["mode"] or self.storage.mode
        return Wanted(**{**given, "mode": mode, "mount": url_prefix()})
