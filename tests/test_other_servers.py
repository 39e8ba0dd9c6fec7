"""The table of docs/howto/other-servers.rst: what each S3 server can do, found out by trying it."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import requests
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from django.core.management import call_command

from tests.support.buckets import change_options, new_bucket
from tests.support.diagnostics import diagnose
from tests.support.examples import EXAMPLES
from tests.support.proxies import nginx
from tests.support.servers import ROOT
from tests.support.waiting import PATIENCE

PAGE = (ROOT / "docs" / "howto" / "other-servers.rst").read_text()
SERVERS = {
    "Ceph": "ceph",
    "SeaweedFS": "seaweedfs",
    "JuiceFS": "juicefs",
    "moto": "moto",
    "s3rver": "s3rver",
    "ministack": "ministack",
}


class Case(NamedTuple):
    """A server, and an app."""

    server: Any
    settings: Any
    app: str


def table() -> dict[str, dict[str, str]]:
    """Return the rows of the table, by the names of the servers without their versions."""
    lines = PAGE.partition("\n================== ")[2].partition("\n\n")[0].splitlines()[1:]
    heads, _, *rows, _ = [re.split(r" (?=mode|never|private)| {2,}", line) for line in lines]
    return {
        re.sub(r" [0-9.]+$", "", name): dict(zip(heads[1:], cells, strict=False))
        for name, *cells in rows
    }


def is_well(*options: str) -> bool:
    """Return whether check_media finds no error."""
    return not diagnose(*options)["problems"]


def configured(case: Case) -> Any:
    """Make a bucket, and have the command do what the server supports."""
    storage = new_bucket(case.settings, case.server)
    output = io.StringIO()
    call_command(
        "configure_media_bucket", "--app-url", case.app, "--no-input", stdout=output, stderr=output
    )
    return storage


def website(case: Case) -> bool:
    configured(case)
    return is_well()


def failover(case: Case) -> bool:
    """Return whether the proxy of the guide serves the bucket, and asks the app."""
    storage = configured(case)
    with proxy(case, storage) as url:
        change_options(case.settings, mode="failover", public_url=url)
        return is_well("--site", case.app)


@contextmanager
def proxy(case: Case, storage: Any) -> Iterator[str]:
    (block,) = (
        example.code
        for example in EXAMPLES
        if example.document.name == "other-servers.rst" and example.language == "nginx"
    )
    app = case.app.removeprefix("http://")
    bucket = f"{case.server.endpoint_url}/{storage.bucket_name}/"
    for shown, value in {
        "http://127.0.0.1:9000/example-media/": bucket,
        "127.0.0.1:8000": app,
        "www.example.com": app,
    }.items():
        assert shown in block
        block = block.replace(shown, value)
    with nginx(block) as (port,):
        yield f"http://127.0.0.1:{port}/"


def app(case: Case) -> bool:
    storage = new_bucket(case.settings, case.server, mode="app", public_url=None)
    original = storage.url(storage.save("a.txt", ContentFile(b"a")))
    answer = requests.get(original, timeout=PATIENCE)
    return answer.content == b"a" and is_well("--site", case.app)


def conditional_writes(case: Case) -> bool:
    """Return whether a second write of a key leaves the first one."""
    storage = new_bucket(case.settings, case.server)
    key = {"Bucket": storage.bucket_name, "Key": "a/b.txt"}
    storage.client.put_object(**key, Body=b"1", IfNoneMatch="*")
    try:
        storage.client.put_object(**key, Body=b"2", IfNoneMatch="*")
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    return bool(storage.client.get_object(**key)["Body"].read() == b"1")


def private(case: Case) -> bool:
    """Return whether a new bucket cannot be read without credentials."""
    storage = new_bucket(case.settings, case.server)
    name = storage.save("a.txt", ContentFile(b"a"))
    url = f"{case.server.endpoint_url}/{storage.bucket_name}/{name}"
    return requests.get(url, timeout=PATIENCE).status_code == 403


CHECKS: dict[str, Callable[[Case], bool]] = {
    "mode website": website,
    "mode failover": failover,
    "mode app": app,
    "never overwrites": conditional_writes,
    "private": private,
}


@pytest.mark.server
@pytest.mark.parametrize("name", SERVERS)
def test_a_row_is_what_the_server_does(
    name: str, running: Any, settings: Any, live_server: Any
) -> None:
    case = Case(running(SERVERS[name]), settings, live_server.url)
    found = {column: "yes" if check(case) else "no" for column, check in CHECKS.items()}
    assert found == table()[name]


def test_other_rows_are_of_servers_that_were_not_tried() -> None:
    others = {name: set(row.values()) for name, row in table().items() if name not in SERVERS}
    names = {"MinIO", "Garage", "RustFS", "Cloudflare R2"}
    assert others == {name: {"not tried"} for name in names}
