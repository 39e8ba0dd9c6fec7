"""The guide for AWS Lambda: its function is run by AWS's runtime client, behind a function URL."""

import base64
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image

from django_shift_media.diagnostics import rules_lambda
from django_shift_media.diagnostics.http_trace import Hop
from gallery.models import Photo
from tests.support.browsing import fetch, follow
from tests.support.buckets import change_options, new_bucket
from tests.support.cdn import (
    bucket_without_distribution,
    config_of,
    configure,
    distributions,
    states,
)
from tests.support.diagnostics import diagnose, statuses, the_problem
from tests.support.galleries import environment
from tests.support.lambda_functions import HANDLER, HOST, MAX_PAYLOAD, Function, function_url
from tests.support.proxies import nginx
from tests.support.servers import free_port

LIMIT = 4_500_000
FORBIDDEN = "function-forbidden"
STACK = "media"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/site:1.0"


class Site(NamedTuple):
    """A private bucket, and behind it the function, which a CDN asks for what is missing."""

    function: Function
    log: Path
    storage: Any


@pytest.fixture(params=[LIMIT])
def site(request: Any, moto: Any, settings: Any, tmp_path: Path, db: None) -> Iterator[Site]:
    """A site whose function has this limit of its responses; None: it has none."""
    storage = new_bucket(settings, moto)
    command = ["--mode", "website", "--app-url", "https://www.example.com", "--no-input"]
    call_command("configure_media_bucket", *command)
    function_port, log = free_port(), tmp_path / "function.log"
    cdn = f"""
        location / {{
            proxy_pass {moto.endpoint_url}/{storage.bucket_name}/;
            proxy_intercept_errors on;
            error_page 403 404 = @app;
        }}
        location @app {{
            rewrite ^ /media$uri break;
            proxy_pass http://127.0.0.1:{function_port};
        }}"""
    with nginx(cdn) as (port,):
        url = f"http://127.0.0.1:{port}/"
        variables = environment(tmp_path, moto, storage.bucket_name) | {
            "GALLERY_S3_MODE": "failover",
            "GALLERY_S3_PUBLIC_URL": url,
            "GALLERY_MAX_RESPONSE": str(request.param or ""),
        }
        with function_url(variables, log, function_port) as function:
            settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = LIMIT
            yield Site(function, log, change_options(settings, mode="failover", public_url=url))


def noise(side: int) -> "ContentFile[bytes]":
    """Return an image that no encoder makes smaller: 3 bytes a pixel."""
    data = io.BytesIO()
    pixels = random.Random(side).randbytes(3 * side * side)
    Image.frombytes("RGB", (side, side), pixels).save(data, "PNG")
    return ContentFile(data.getvalue(), name="noise.png")


@pytest.mark.server
def test_a_function_makes_what_the_bucket_lacks(site: Site, small_jpeg: bytes) -> None:
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    url = photo.resize("9x9", how="fill", format="webp")
    first = fetch(url)
    assert first.status == 200, site.log.read_text()
    assert Image.open(io.BytesIO(first.body)).size == (9, 9)
    assert first.headers["Content-Type"] == "image/webp"
    assert fetch(url).body == first.body
    (event,) = site.function.events
    assert event["rawPath"].startswith("/media/")
    assert fetch(url.replace("/9x9", "/8x9")).status == 404
    document = diagnose()
    assert set(map(tuple, statuses(document).values())) == {(200,)}
    assert document["problems"] == []


# 1300 x 1300 pixels are 5 MB, and 6.8 MB in base64.
@pytest.mark.server
@pytest.mark.parametrize("site", [None], indirect=True)
def test_an_image_of_more_than_6_mb_breaks_a_function(site: Site) -> None:
    url = Photo.objects.create(photo=noise(1300)).photo.resize("1300x1300", format="png")
    assert fetch(url).status == 502
    assert site.function.payloads[0] > MAX_PAYLOAD
    assert fetch(url).status == 200, "the bucket has it"


@pytest.mark.server
def test_a_function_redirects_to_the_bucket_for_a_large_image(site: Site) -> None:
    url = Photo.objects.create(photo=noise(1300)).photo.resize("1300x1300", format="png")
    first, second = follow(url)
    assert (first.status, first.headers["Location"]) == (302, url)
    assert first.headers["Cache-Control"] == "no-store"
    assert (second.status, len(second.body) > LIMIT) == (200, True)
    assert len(site.function.events) == 1


@pytest.mark.server
def test_check_media_knows_that_a_function_has_a_limit(site: Site, settings: Any) -> None:
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = None
    (warning,) = diagnose()["warnings"]
    assert warning["id"] == "function-limit"
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = LIMIT
    assert diagnose()["warnings"] == []


@pytest.mark.server
def test_check_media_names_a_cdn_that_may_not_invoke_the_function(site: Site) -> None:
    site.function.permitted = False
    assert "lambda:InvokeFunctionUrl" in the_problem("function-forbidden")["remedy"]


@pytest.mark.server
@pytest.mark.parametrize("site", ["broken"], indirect=True)
def test_check_media_names_a_function_that_fails(site: Site) -> None:
    assert "CloudWatch" in the_problem("function-failed")["remedy"]


def hop(status: int, *, milliseconds: float = 0, **headers: str) -> Hop:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"https://{HOST}/media/key"
    return Hop(url=url, sent_at=0, status=status, headers=names, milliseconds=milliseconds)


@pytest.mark.parametrize(
    ("found", "id"),
    [
        (hop(400, x_amzn_requestid="1"), "host-refused"),
        (hop(403, x_amzn_requestid="1", x_amzn_errortype="AccessDeniedException"), FORBIDDEN),
        (hop(502, x_amzn_requestid="1"), "function-failed"),
        (hop(403, x_amzn_requestid="1"), None),  # of the app, such as a firewall of Django
        (hop(502), None),  # of a proxy
    ],
)
def test_errors_of_lambda_are_told_from_others(found: Hop, id: str | None) -> None:
    problem = rules_lambda.diagnose(found)
    assert (problem and problem.id) == id


@pytest.mark.parametrize(
    ("milliseconds", "limit", "id"),
    [
        (14_000, LIMIT, None),
        (16_000, LIMIT, "function-slow"),
        (1_000, None, "function-limit"),
        (1_000, 4_700_001, "function-limit"),
    ],
)
def test_a_function_is_warned_of(
    settings: Any, milliseconds: float, limit: int | None, id: str | None
) -> None:
    settings.SHIFT_MEDIA_MAX_RESPONSE_BYTES = limit
    view, function = {"content_security_policy": "sandbox"}, {"x_amzn_requestid": "1"}
    problem = rules_lambda.warn(hop(200, milliseconds=milliseconds, **view, **function))
    assert (problem and problem.id) == id
    for others in (view, function):  # the app elsewhere, and the S3 of moto
        assert rules_lambda.warn(hop(200, milliseconds=milliseconds, **others)) is None


def test_the_largest_image_that_is_allowed_fits_into_6_mb() -> None:
    body = base64.b64encode(bytes(rules_lambda.MAX_IMAGE_BYTES))
    headers = 8_192  # more than the view sends
    assert len(body) + headers < MAX_PAYLOAD < len(body) * 1.01


# -- the template ---------------------------------------------------------------------------------


def deploy(storage: Any, **parameters: str) -> dict[str, str]:
    """Create or update the stack of the guide; return its outputs."""
    client = storage.aws_client("cloudformation")
    present = {stack["StackName"] for stack in client.describe_stacks()["Stacks"]}
    put, waiter = (
        (client.update_stack, "stack_update_complete")
        if STACK in present
        else (client.create_stack, "stack_create_complete")
    )
    parameters |= {"Bucket": storage.bucket_name, "SecretKey": "s" * 50, "Image": IMAGE}
    put(
        StackName=STACK,
        TemplateBody=(HANDLER / "template.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    client.get_waiter(waiter).wait(StackName=STACK, WaiterConfig={"Delay": 1})
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_the_template_lets_only_the_distribution_invoke_the_function(
    aws: Any, settings: Any
) -> None:
    storage = bucket_without_distribution(settings, aws)
    outputs = deploy(storage)
    control = outputs["AccessControl"]
    app = ["--app-url", outputs["Url"].rstrip("/"), "--app-access-control", control]
    configure("--mode", "failover", *app)
    origins = {origin["Id"]: origin for origin in config_of(storage)["Origins"]["Items"]}
    bucket, function = origins["django-shift-media-bucket"], origins["django-shift-media-app"]
    assert function["DomainName"] == urlsplit(outputs["Url"]).netloc
    assert function["OriginPath"] == "/media"
    assert function["OriginAccessControlId"] == control != bucket["OriginAccessControlId"]
    assert set(states("--mode", "failover", *app[:2]).values()) == {"unchanged"}, "it stays"

    (distribution,) = distributions(storage)
    deploy(storage, Distribution=distribution["Id"])
    resources = storage.aws_client("cloudformation").describe_stack_resources(StackName=STACK)
    ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources["StackResources"]}
    answer = storage.aws_client("lambda").get_policy(FunctionName=ids["Function"])
    statements = json.loads(answer["Policy"])["Statement"]
    assert {statement["Action"] for statement in statements} == {
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    }
    for statement in statements:
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        assert distribution["ARN"] in json.dumps(statement["Condition"])

    iam = storage.aws_client("iam")
    policy = iam.get_role_policy(RoleName=ids["Role"], PolicyName="media")["PolicyDocument"]
    output = io.StringIO()
    call_command("media_iam_policy", "resizes", stdout=output)
    assert policy == json.loads(output.getvalue())
