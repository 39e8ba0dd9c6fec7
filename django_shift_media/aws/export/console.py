"""Documents of a bucket, to paste into a console."""

import json

from django_shift_media.aws.bucket import new_bucket_documents
from django_shift_media.aws.bucket_options import BucketOptions
from django_shift_media.aws.common import Conflict
from django_shift_media.aws.subresources import POLICY, WEBSITE
from django_shift_media.aws.website import rules_as_xml
from django_shift_media.storages.s3 import S3MediaStorage


def console_text(storage: S3MediaStorage, options: BucketOptions) -> str:
    """Raise ``Conflict`` if this storage does not allow the options, or there are no documents."""
    documents = new_bucket_documents(storage, options)
    parts = {}
    if policy := documents.get(POLICY.name):
        parts["Bucket policy"] = json.dumps(policy, indent=2)
    if website := documents.get(WEBSITE.name):
        rules = website["RoutingRules"]
        parts["Routing rules (JSON)"] = json.dumps(rules, indent=2)
        parts["Routing rules (XML)"] = rules_as_xml(rules)
    if not parts:
        condition = " without --distribution-arn" if options.mode == "failover" else ""
        raise Conflict(f"There is nothing to print in mode {options.mode}{condition}.")
    return "\n\n".join(f"{name}:\n\n{text}\n" for name, text in parts.items())
