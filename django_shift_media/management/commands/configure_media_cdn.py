from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandParser

from django_shift_media.aws.cdn import Cdn
from django_shift_media.aws.cdn_options import CdnOptions
from django_shift_media.aws.plan import Resource
from django_shift_media.management.plan_command import PlanCommand
from django_shift_media.naming.urlconf import url_prefix


class Command(PlanCommand):
    help = (
        "Put a CloudFront distribution in front of the media bucket, to serve media over HTTPS on"
        " your own domain. Settings that others have added to the distribution stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add(
            "--domain",
            help="domain of the media, such as media.example.com (default: only the"
            " distribution's own domain on cloudfront.net)",
        )
        add(
            "--mode",
            choices=["website", "failover"],
            help="put CloudFront in front of the public bucket website, or in front of a private"
            " bucket, failing over to the app (default: the storage's mode)",
        )
        add(
            "--app-url",
            metavar="URL",
            help="public URL of the app, such as https://www.example.com; required in mode"
            " failover",
        )
        add(
            "--private-originals",
            action=BooleanOptionalAction,
            help="let CloudFront read only resizes, not originals, in mode failover (default:"
            " unchanged; both in a new configuration)",
        )
        add(
            "--invalidate",
            nargs="*",
            metavar="PATH",
            help="remove these paths from CloudFront's caches, or all paths if none is given;"
            " without --domain, --mode, --app-url, --private-originals and --remove, the command"
            " does nothing else (default: no invalidation)",
        )
        add(
            "--route53",
            action="store_true",
            help="also write the DNS records of the domain and of its certificate, in Amazon"
            " Route 53",
        )
        add(
            "--wait",
            action="store_true",
            help="wait until AWS has issued the certificate and deployed the distribution",
        )
        add("--remove", action="store_true", help="remove everything that this command has added")

    def headline(self, options: dict[str, Any]) -> str:
        return f"CloudFront in front of the bucket {self.storage.bucket_name}:"

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        self.cdn = Cdn(self.storage, self.cdn_options(options))
        return [] if _only_invalidates(options) else self.cdn.resources()

    def cdn_options(self, options: dict[str, Any]) -> CdnOptions:
        return CdnOptions(
            mode=options["mode"] or self.storage.mode,
            mount=url_prefix(self.storage_alias),
            app_url=options["app_url"],
            domain=options["domain"],
            private_originals=options["private_originals"],
            # An invalidation alone needs none of the options for a new configuration.
            remove=options["remove"] or _only_invalidates(options),
            route53=options["route53"],
            progress=self.show_progress if options["wait"] else None,
        )

    def finish(self, options: dict[str, Any]) -> list[str]:
        lines = list(self.cdn.next_steps())
        if options["invalidate"] is not None:
            lines.append(self.cdn.invalidate(options["invalidate"] or ["/*"]))
        return lines

    def show_progress(self, text: str) -> None:
        self.stderr.write(f"  {text}", str)  # not an error, so not in red
        self.stderr.flush()


def _only_invalidates(options: dict[str, Any]) -> bool:
    others = ("domain", "mode", "app_url", "remove", "route53")
    is_given = any(options[name] for name in others) or options["private_originals"] is not None
    return options["invalidate"] is not None and not is_given
