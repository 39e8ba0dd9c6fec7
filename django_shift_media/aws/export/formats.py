"""The formats of ``--print``."""

import json
from typing import Literal, get_args

from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.cdn_options import CdnOptions
from django_shift_media.aws.export.cloudformation import cloudformation_text
from django_shift_media.aws.export.console import console_text
from django_shift_media.aws.export.documents import (
    Documents,
    bucket_documents,
    cdn_documents,
    readable_by_a_distribution,
)
from django_shift_media.aws.export.terraform import terraform_text
from django_shift_media.storages.s3 import S3MediaStorage

Format = Literal["json", "terraform", "cloudformation"]
FORMATS: tuple[Format, ...] = get_args(Format)
CONSOLE = "console"


def bucket_text(storage: S3MediaStorage, options: BucketOptions, format: str) -> str:
    """
    Return a bucket in a format, or its documents for a console.

    Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options.
    """
    if format == CONSOLE:
        return console_text(storage, options)
    if format == "cloudformation":
        options = readable_by_a_distribution(options)
    return _text(storage, bucket_documents(storage, options), format)


def cdn_text(storage: S3MediaStorage, options: CdnOptions, format: str) -> str:
    """
    Return a distribution in a format.

    Raise ``Conflict`` or ``ValueError`` if this storage does not allow the options.
    """
    return _text(storage, cdn_documents(storage, options), format)


def _text(storage: S3MediaStorage, documents: Documents, format: str) -> str:
    if format == "terraform":
        return terraform_text(storage, documents)
    if format == "cloudformation":
        return cloudformation_text(documents)
    return json.dumps(documents, indent=2)
