"""What the commands print for other tools, for some combinations of options."""

import io
import json
from typing import Any

from django.core.management import call_command

from django_shift_media.storages.selection import media_storage

SITE = "https://www.example.com"
DOMAIN = "media.example.com"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/name/11111111-2222"
# All options of both commands that change what is made.
BUCKET_OPTIONS = (
    "--app-url",
    SITE,
    "--cors-origin=https://one.example.com",
    "--cors-origin=https://two.example.com",
    "--expire-resizes=30",
    "--uploads=https://one.example.com",
    "--uploads=https://two.example.com",
    "--access-logs=example-logs/bucket/",
    "--tag=Team=web",
)
SETTINGS = (
    "--origin-shield=eu-central-1",
    f"--web-acl={WEB_ACL}",
    "--access-logs=example-logs/cdn/",
    "--price-class=100",
    "--minimum-tls=TLSv1.2_2021",
    "--tag=Team=web",
)
CDN_OPTIONS = ("--app-url", SITE, "--domain", DOMAIN, *SETTINGS)
CASES = {
    "website": ("configure_media_bucket", "--app-url", SITE),
    "website with everything": (
        "configure_media_bucket",
        "--private-originals",
        "--redirect-code=307",
        *BUCKET_OPTIONS,
    ),
    "private bucket": ("configure_media_bucket", "--mode=failover", *BUCKET_OPTIONS),
    "private bucket of a known distribution": (
        "configure_media_bucket",
        "--mode=failover",
        "--distribution-arn=arn:aws:cloudfront::123456789012:distribution/E1",
    ),
    "bucket of the app": ("configure_media_bucket", "--mode=app"),
    "HTTPS": ("configure_media_cdn",),
    "HTTPS with everything": ("configure_media_cdn", "--route53", *CDN_OPTIONS),
    "failover": ("configure_media_cdn", "--mode=failover", "--app-url", SITE),
    "failover with everything": (
        "configure_media_cdn",
        "--mode=failover",
        "--private-originals",
        "--route53",
        *CDN_OPTIONS,
    ),
    "nothing of what can be turned off": (
        "configure_media_cdn",
        "--origin-shield=none",
        "--web-acl=none",
        "--access-logs=none",
    ),
    "a bucket without logs": (
        "configure_media_bucket",
        "--app-url",
        SITE,
        "--access-logs=none",
        "--cors-origin=none",
    ),
}


def use_aws(settings: Any, **options: Any) -> Any:
    """Make a bucket on AWS the media storage, without any credentials."""
    media = {
        "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
        "OPTIONS": {
            "bucket_name": "example-media",
            "region_name": "eu-central-1",
            "tag_resizes": True,
            **options,
        },
    }
    settings.STORAGES = {**settings.STORAGES, "media": media}
    settings.SHIFT_MEDIA_STORAGE = "media"
    return media_storage()


def complaints(template: str, region: str) -> list[Any]:
    """Return what AWS's linter says about a CloudFormation template."""
    from cfnlint.api import lint  # which takes a second to import
    from cfnlint.config import ManualArgs

    return lint(template, config=ManualArgs(regions=[region]))


def printed(format: str, command: str, *options: str) -> Any:
    """Return the document that a command prints in this format."""
    output = io.StringIO()
    call_command(command, *options, "--print", format, stdout=output)
    return json.loads(output.getvalue())
