from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_shift_media.aws.access_logs import parse_log_target
from django_shift_media.aws.cdn import Cdn
from django_shift_media.aws.cdn_options import CdnOptions
from django_shift_media.aws.cloudfront import TAG
from django_shift_media.aws.distribution_settings import (
    MINIMUM_TLS,
    PRICE_CLASSES,
    DistributionSettings,
)
from django_shift_media.aws.export.formats import FORMATS, cdn_text
from django_shift_media.aws.plan import Resource
from django_shift_media.aws.tags import parse_tags
from django_shift_media.management.plan_command import PlanCommand, add_options_for_operators
from django_shift_media.naming.urlconf import url_prefix

# Options with the names of fields of DistributionSettings.
_SETTINGS = ("origin_shield", "web_acl", "price_class", "minimum_tls")


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
            "--app-access-control",
            metavar="ID",
            help="id of the origin access control with which CloudFront signs its requests to an"
            " app that is a Lambda function URL (default: unchanged)",
        )
        add(
            "--private-originals",
            action=BooleanOptionalAction,
            help="let CloudFront read only resizes, not originals, in mode failover (default:"
            " unchanged; both in a new configuration)",
        )
        add(
            "--trusted-key-group",
            metavar="FILE",
            help="file with the public key, in PEM format, that verifies the signed cookies of"
            " private media (default: unchanged)",
        )
        add(
            "--invalidate",
            nargs="*",
            metavar="PATH",
            help="remove these paths from CloudFront's caches, or all paths if none is given;"
            " without options that describe the distribution, the command"
            " does nothing else (default: no invalidation)",
        )
        add(
            "--route53",
            action="store_true",
            help="also write the DNS records of the domain and of its certificate, in Amazon"
            " Route 53; with --remove, delete those that point to the distribution",
        )
        add(
            "--wait",
            action="store_true",
            help="wait until AWS has issued the certificate and deployed the distribution",
        )
        add("--remove", action="store_true", help="remove everything that this command has added")
        add(
            "--print",
            nargs="?",
            const="json",
            choices=FORMATS,
            metavar="FORMAT",
            help="print what the command makes as json (the default), terraform or cloudformation,"
            " without any request to AWS",
        )
        add_options_for_operators(parser)
        add_distribution_settings(parser)

    def headline(self, options: dict[str, Any]) -> str:
        return f"CloudFront in front of the bucket {self.storage.bucket_name}:"

    def run_plan(self, options: dict[str, Any]) -> None:
        if options["print"]:
            cdn_options = self.cdn_options(options)
            self.stdout.write(cdn_text(self.storage, cdn_options, options["print"]))
        else:
            super().run_plan(options)

    def resources(self, options: dict[str, Any]) -> list[Resource]:
        self.cdn = Cdn(self.storage, self.cdn_options(options))
        return [] if _only_invalidates(options) else self.cdn.resources()

    def cdn_options(self, options: dict[str, Any]) -> CdnOptions:
        return CdnOptions(
            mode=options["mode"] or self.storage.mode,
            mount=url_prefix(self.storage_alias),
            app_url=options["app_url"],
            app_access_control=options["app_access_control"],
            domain=options["domain"],
            private_originals=options["private_originals"],
            # An invalidation alone needs none of the options for a new configuration.
            remove=options["remove"] or _only_invalidates(options),
            route53=options["route53"],
            trusted_key=_read(options["trusted_key_group"]),
            progress=self.show_progress if options["wait"] else None,
            settings=self.distribution_settings(options),
            tags=parse_tags(options["tags"], reserved=TAG),
        )

    def distribution_settings(self, options: dict[str, Any]) -> DistributionSettings:
        logs = options["access_logs"]
        return DistributionSettings(
            **{name: options[name] for name in _SETTINGS},
            access_logs=logs and parse_log_target(logs, self.storage.bucket_name),
        )

    def finish(self, options: dict[str, Any]) -> list[str]:
        lines = list(self.cdn.next_steps())
        if options["invalidate"] is not None:
            lines.append(self.cdn.invalidate(options["invalidate"] or ["/*"]))
        return lines

    def show_progress(self, text: str) -> None:
        self.stderr.write(f"  {text}", str)  # not an error, so not in red
        self.stderr.flush()


def _read(path: str | None) -> str | None:
    try:
        return Path(path).read_text("ascii") if path else None
    except (OSError, UnicodeError) as error:
        raise CommandError(f"Could not read {path!r}: {error}") from error


def add_distribution_settings(parser: CommandParser) -> None:
    add = parser.add_argument
    add(
        "--origin-shield",
        metavar="REGION",
        help="region of CloudFront's Origin Shield, the one closest to the bucket; none disables it"
        " (default: unchanged)",
    )
    add(
        "--web-acl",
        metavar="ARN",
        help="ARN of a web ACL of AWS WAF; none removes it (default: unchanged)",
    )
    add(
        "--price-class",
        choices=list(PRICE_CLASSES),
        help="use only edge locations of this price class (default: unchanged; all in a new"
        " distribution)",
    )
    add(
        "--minimum-tls",
        choices=MINIMUM_TLS,
        metavar="POLICY",
        help="security policy for viewers: the minimum TLS version, and the ciphers (default:"
        " unchanged; TLSv1.2_2021 for a new domain)",
    )


def _only_invalidates(options: dict[str, Any]) -> bool:
    others = (
        "domain",
        "mode",
        "app_url",
        "app_access_control",
        "remove",
        "route53",
        "tags",
        "access_logs",
        "trusted_key_group",
        *_SETTINGS,
    )
    is_given = any(options[name] for name in others) or options["private_originals"] is not None
    return options["invalidate"] is not None and not is_given
