"""The guide from an empty AWS account: its commands run, in their order."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from django.core.management import call_command

from tests.support.buckets import use_bucket
from tests.support.cdn import AwsOptions, remove_distributions
from tests.support.servers import ROOT

GUIDE = (ROOT / "docs" / "howto" / "aws.rst").read_text()
# They ask questions, or need a site.
INTERACTIVE = {"aws configure --profile gallery"}
NOT_HERE = {"check_media"}


def commands() -> Iterator[list[str]]:
    for block in re.findall(r"code-block:: sh\n\n((?: {4}.*\n|\n)+)", GUIDE):
        for line in block.splitlines():
            if line.strip() and line.strip() not in INTERACTIVE:
                yield shlex.split(line)


def run_aws_cli(storage: Any, arguments: list[str]) -> dict[str, Any]:
    """Send what the AWS CLI would: its names are made of those of the API, as boto3's are."""
    service, operation, *options = arguments
    client = storage.aws_client(service)
    method = operation.replace("-", "_")
    members = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[method]
    ).input_shape.members
    names = {re.sub("(?<!^)([A-Z])", r"-\1", name).lower(): name for name in members}
    pairs = zip(options[::2], options[1::2], strict=True)
    answer: dict[str, Any] = getattr(client, method)(
        **{names[option.removeprefix("--")]: value for option, value in pairs}
    )
    return answer


def test_an_empty_account_becomes_a_gallery(aws: Any, settings: Any) -> None:
    storage = use_bucket(settings, AwsOptions(aws))
    remove_distributions(storage)
    zone = {"Name": "example.com", "CallerReference": storage.bucket_name}
    storage.aws_client("route53").create_hosted_zone(**zone)
    done = []
    for program, *arguments in commands():
        if program == "aws":
            answer = run_aws_cli(storage, arguments)
            done.append(arguments[1])
            if "AccessKey" in answer:
                key = answer["AccessKey"]
                keys = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
                name = storage.bucket_name
        elif arguments[1] not in NOT_HERE:
            done.append(arguments[1])
            if "--remove" in arguments:
                continue
            call_command(*arguments[1:], stdout=io.StringIO(), stderr=io.StringIO())
    assert done == [
        *("create-group", "media_iam_policy", "create-user", "add-user-to-group"),
        *("create-access-key", "configure_media_bucket", "configure_media_cdn"),
        *("configure_media_cdn", "configure_media_bucket"),
    ]
    app = use_bucket(settings, AwsOptions(aws), bucket_name=name, **keys)
    app.put("a.jpg", b"picture")
    assert app.get("a.jpg") == b"picture"
    policy = storage.client.get_bucket_policy(Bucket=name)["Policy"]
    assert json.loads(policy)["Statement"][0]["Principal"] == "*"
