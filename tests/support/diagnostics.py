"""Helpers of the tests of check_media: run it, and break a configuration."""

import io
import json
import shutil
from typing import Any

from django.core.management import CommandError, call_command

from tests.support.requirements import missing


def diagnose(*options: str) -> dict[str, Any]:
    """Run the command and return its document; it must fail if that has problems."""
    output = io.StringIO()
    failure = ""
    try:
        call_command("check_media", "--json", *options, stdout=output)
    except CommandError as error:
        failure = str(error)
        assert error.returncode == 1
    document: dict[str, Any] = json.loads(output.getvalue())
    ids = [problem["id"] for problem in document["problems"]]
    assert failure == (f"Problems found: {', '.join(ids)}." if ids else "")
    assert document["ok"] is not bool(ids)
    return document


def the_problem(id: str, *options: str) -> dict[str, Any]:
    """Run the command, which must report exactly this problem, and return it."""
    document = diagnose(*options)
    assert [problem["id"] for problem in document["problems"]] == [id]
    problem: dict[str, Any] = document["problems"][0]
    assert problem["what"]
    assert problem["remedy"]
    return problem


def statuses(document: dict[str, Any]) -> dict[str, list[int]]:
    return {name: [hop["status"] for hop in hops] for name, hops in document["hops"].items()}


def stored(storage: Any) -> list[str]:
    listed = storage.client.list_objects_v2(Bucket=storage.bucket_name)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def put_rules(storage: Any, *rules: dict[str, Any], **redirect: str) -> None:
    """Replace a website's rules, or the redirect of its current rules."""
    client, bucket = storage.client, storage.bucket_name
    if redirect:
        present = client.get_bucket_website(Bucket=bucket)["RoutingRules"]
        rules = tuple({**rule, "Redirect": {**rule["Redirect"], **redirect}} for rule in present)
    configuration = {"IndexDocument": {"Suffix": "index.html"}, "RoutingRules": list(rules)}
    client.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)


def website_proxy(s3: Any, storage: Any, more: str = "") -> str:
    """Return the nginx configuration of a proxy in front of a bucket's website."""
    host, port = s3.website_address
    name = f"{storage.bucket_name}.s3-website.localhost"
    return f"location / {{ proxy_pass http://{host}:{port}; proxy_set_header Host {name}; {more} }}"


def app_proxy(live_server: Any, more: str = "") -> str:
    return f"location / {{ proxy_pass {live_server.url}; proxy_set_header Host $host; {more} }}"


def faketime(offset: str) -> list[str]:
    """Return a command prefix that shifts the clock, such as by "+20m"."""
    if shutil.which("faketime") is None:
        missing("faketime: apt-get install faketime")
    return ["faketime", "-f", offset]
