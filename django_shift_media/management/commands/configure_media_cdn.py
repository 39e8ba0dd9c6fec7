from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.aws.cdn import Cdn, CdnOptions
from django_shift_media.aws.plan import Part
from django_shift_media.management.plan_command import PlanCommand
from django_shift_media.naming.urlconf import url_prefix


class Command(PlanCommand):
    help = (
        "Put CloudFront before the media bucket, for HTTPS on a domain of your own. What others"
        " have put into the distribution stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("--domain", help="of the media, as in media.example.com; default: CloudFront's own")
        add("--mode", choices=["website", "failover"], help="default: the storage's own")
        add("--app-url", help="where the app is seen; needed for failover")
        add("--private-originals", action=BooleanOptionalAction, help="only resizes may be read")
        add("--invalidate", nargs="*", metavar="PATH", help="forget what is kept: /* or these")
        add("--wait", action="store_true", help="wait for what takes AWS minutes")
        add("--remove", action="store_true", help="take out what this command has put in")

    def headline(self, options: dict[str, Any]) -> str:
        return f"CloudFront before the bucket {self.storage.bucket_name}:"

    def parts(self, options: dict[str, Any]) -> list[Part]:
        wanted = CdnOptions(
            mode=options["mode"] or self.storage.mode,
            mount=url_prefix(),
            app_url=options["app_url"],
            domain=options["domain"],
            private_originals=options["private_originals"],
            remove=options["remove"],
            waiting=self.progress if options["wait"] else None,
        )
        self.cdn = Cdn(self.storage, wanted)
        return self.cdn.parts()

    def conclude(self, options: dict[str, Any]) -> list[str]:
        lines = list(self.cdn.advice())
        if options["invalidate"] is not None:
            lines.append(self.cdn.invalidate(options["invalidate"] or ["/*"]))
        return lines

    def progress(self, text: str) -> None:
        self.stderr.write(f"  {text}", str)  # no error, so not in red
        self.stderr.flush()
