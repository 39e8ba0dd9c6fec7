"""What the guides for running it say: they are done here, step by step."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from botocore.session import get_session
from botocore.validate import validate_parameters
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from redis import Redis

from django_shift_media.storages.selection import media_storage
from gallery.models import Photo
from tests.support.browsing import fetch, follow
from tests.support.buckets import change_options, new_bucket, operations, use_bucket
from tests.support.diagnostics import diagnose, statuses
from tests.support.examples import EXAMPLES
from tests.support.galleries import environment, running
from tests.support.proxies import nginx
from tests.support.requirements import missing
from tests.support.servers import ROOT, free_port, stop, wait_for
from tests.support.stored_objects import keys_of, tend
from tests.support.waiting import PATIENCE


def blocks(guide: str, language: str) -> list[str]:
    name = f"{guide}.rst"
    return [e.code for e in EXAMPLES if e.document.name == name and e.language == language]


# -- private buckets ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "is_presigned"), [("public_url", True), ("custom_domain", False)]
)
def test_originals_are_presigned_with_a_public_url_only(
    moto: Any, settings: Any, option: str, is_presigned: bool
) -> None:
    value = {"public_url": "https://m.test/", "custom_domain": "m.test"}[option]
    storage = use_bucket(
        settings, moto, querystring_auth=True, **{"public_url": None, option: value}
    )
    key = "3c72aedc/ba25/41e6/a569/406c8f413974/cat.jpg/cat.jpg"
    assert ("X-Amz-Signature=" in storage.url(key)) is is_presigned
    assert storage.public_url(key) == f"https://m.test/{key}"


@pytest.mark.server
def test_a_bucket_with_private_originals_has_no_problems(
    running: Any, settings: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    new_bucket(settings, running("ceph"), querystring_auth=True)
    command = ["--app-url", live_server.url, "--private-originals", "--no-input"]
    call_command("configure_media_bucket", *command)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    assert requests.get(photo.url, timeout=PATIENCE).content == small_jpeg
    assert requests.get(photo.url.partition("?")[0], timeout=PATIENCE).status_code == 403
    assert [hop.status for hop in follow(photo.resize("9x9"))] == [302, 301, 200]
    document = diagnose("--site", live_server.url)
    assert document["problems"] == document["warnings"] == []


@pytest.mark.server
def test_an_nginx_before_the_app_keeps_resizes(
    moto: Any, settings: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    storage = new_bucket(settings, moto, mode="app", public_url=None)
    call_command("configure_media_bucket", "--mode", "app", "--no-input")
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    settings.ROOT_URLCONF = "tests.support.urls_beside_other_files"
    (block,) = blocks("private-bucket", "nginx")
    app = live_server.url.removeprefix("http://")
    http, _, server = block.replace("127.0.0.1:8000", app).partition("\n")
    sent = operations(storage)
    with nginx(server, http=http) as (port,):
        url = f"http://127.0.0.1:{port}{photo.resize('9x9')}"
        first = fetch(url)
        assert (first.status, sent) == (200, ["GetObject", "GetObject", "PutObject", "HeadObject"])
        assert fetch(url).body == first.body
        assert len(sent) == 4, "nginx answers, and nobody asks the app"


# -- local disk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [True, False])
def test_other_files_go_on_being_served_under_media_url(
    settings: Any, client: Client, small_jpeg: bytes, db: None, debug: bool
) -> None:
    settings.DEBUG = debug
    settings.ROOT_URLCONF = "tests.support.urls_beside_other_files"
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    other = default_storage.save("docs/a.txt", ContentFile(b"other"))
    assert client.get(photo.resize("9x9")).status_code == 200
    assert default_storage.url(other) == "/media/docs/a.txt"
    answer: Any = client.get("/media/docs/a.txt")
    assert b"".join(answer.streaming_content) == b"other"
    if debug:
        answer = client.get(photo.url)
        assert b"".join(answer.streaming_content) == small_jpeg


@pytest.mark.server
def test_an_nginx_serves_local_files_and_asks_the_app_for_missing_ones(
    settings: Any, live_server: Any, small_jpeg: bytes, db: None
) -> None:
    settings.ROOT_URLCONF = "tests.support.urls_beside_other_files"
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    default_storage.save("docs/a.txt", ContentFile(b"other"))
    (block,) = blocks("local-disk", "nginx")
    for shown, value in {
        "/srv/example/media/": f"{settings.MEDIA_ROOT}/",
        "127.0.0.1:8000": live_server.url.removeprefix("http://"),
    }.items():
        assert shown in block
        block = block.replace(shown, value)
    with nginx(block) as (port,):
        site = f"http://127.0.0.1:{port}"
        original = fetch(site + photo.url)
        assert (original.status, original.body) == (200, small_jpeg)
        assert original.headers["Content-Type"] == "image/jpeg"
        first, again = fetch(site + photo.resize("9x9")), fetch(site + photo.resize("9x9"))
        assert (first.status, again.status) == (200, 200)
        assert first.body == again.body
        assert "Server-Timing" in first.headers
        assert "Server-Timing" not in again.headers, "nginx answers"
        assert fetch(f"{site}/media/docs/a.txt").body == b"other"


# -- other servers --------------------------------------------------------------------------------


# s3rver redirects at its API, too, which no other server does.
@pytest.fixture(params=["moto", "ceph"])
def proxied(request: Any, running: Any, settings: Any, live_server: Any) -> Iterator[Any]:
    """A bucket of each server behind the proxy of the guide, configured by its command."""
    server = running(request.param)
    storage = new_bucket(settings, server)
    command = ["--mode", "website", "--app-url", "https://www.example.com", "--no-input"]
    call_command("configure_media_bucket", *command)
    (block,) = blocks("other-servers", "nginx")
    for shown, value in {
        "http://127.0.0.1:9000/example-media/": f"{server.endpoint_url}/{storage.bucket_name}/",
        "127.0.0.1:8000": live_server.url.removeprefix("http://"),
        "www.example.com": live_server.url.removeprefix("http://"),
    }.items():
        assert shown in block
        block = block.replace(shown, value)
    with nginx(block) as (port,):
        yield change_options(settings, mode="failover", public_url=f"http://127.0.0.1:{port}/")


@pytest.mark.server
def test_a_proxy_asks_the_app_for_what_is_missing(
    proxied: Any, small_jpeg: bytes, live_server: Any, db: None
) -> None:
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    assert fetch(photo.url).body == small_jpeg
    url = photo.resize("9x9")
    sent = operations(proxied)
    first = fetch(url)
    assert (first.status, sent) == (200, ["GetObject", "GetObject", "PutObject", "HeadObject"])
    assert fetch(url).body == first.body
    assert len(sent) == 4, "the bucket answers, and nobody asks the app"
    assert fetch(url.replace("/9x9", "/8x9")).status == 404
    assert fetch(url, "POST").status == 403
    assert fetch(url, "HEAD").status == 200
    document = diagnose("--site", live_server.url)
    assert set(map(tuple, statuses(document).values())) == {(200,)}
    assert document["problems"] == document["warnings"] == []


# -- Redis ----------------------------------------------------------------------------------------


@pytest.fixture
def guide_s_redis(tmp_path: Path) -> Iterator[str]:
    """A Redis as the guide configures it; yield its URL."""
    if not shutil.which("redis-server"):
        missing("Redis: apt-get install redis-server")
    guide = (ROOT / "docs" / "howto" / "redis.rst").read_text()
    found = re.search(r"persistence::\n\n((?: {4}.*\n)+)", guide)
    assert found is not None
    port = free_port()
    place = f"bind 127.0.0.1\nport {port}\ndir {tmp_path}\n"
    (tmp_path / "redis.conf").write_text(place + textwrap.dedent(found[1]))
    command = ["redis-server", tmp_path / "redis.conf"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process, http=False)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        stop(process)


@pytest.mark.server
def test_what_is_lost_from_redis_is_only_work(
    guide_s_redis: str, client: Client, photo: Photo, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("REDIS_URL", guide_s_redis)
    shown: dict[str, Any] = {}
    exec(blocks("redis", "python")[2], shown)
    settings.CACHES = shown["CACHES"]
    server = Redis.from_url(guide_s_redis)
    assert server.config_get("maxmemory*")["maxmemory-policy"] == "allkeys-lru"
    for _ in range(2):
        url = photo.photo.resize("9x9")
        assert client.get(url).status_code == 200
        words = [word.decode() for word in server.scan_iter("*django_shift_media*")]
        assert [word.split(":")[3] for word in words] == ["stored"]
        assert sum(map(server.memory_usage, words)) < 500
        server.flushall()
        media_storage().delete(url.removeprefix("/media/"))


# -- a new signing key ----------------------------------------------------------------------------


def test_the_steps_to_a_new_signing_key(client: Client, photo: Photo, settings: Any) -> None:
    known, changed, given_up = blocks("rotate-key", "python")

    def step(block: str) -> str:
        """Take the settings of a step; return the URL that pages name from then on."""
        names: dict[str, Any] = {}
        exec(block, names)
        for name in filter(str.isupper, names):
            setattr(settings, name, names[name])
        return photo.photo.resize("9x9")

    old = step(known)
    assert client.get(old).status_code == 200
    new = step(changed)
    assert new != old
    step(known)
    assert client.get(new).status_code == 200, "pages of the next step may be ahead of this one"
    step(changed)
    media_storage().delete(old.removeprefix("/media/"))
    assert client.get(old).status_code == 200
    assert step(given_up) == new
    assert tend("clear_media_resizes", "--unsigned")["counts"] == {"deleted": 1}
    assert keys_of(media_storage()) == {photo.photo.name, new.removeprefix("/media/")}
    assert client.get(old).status_code == 404
    assert client.get(new).status_code == 200


# -- Kubernetes -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, Any]]:
    """The objects of the guide, by kind and name."""
    (block,) = blocks("kubernetes", "yaml")
    objects = {}
    for one in yaml.safe_load_all(block):
        objects.setdefault(one["kind"], {})[one["metadata"]["name"]] = one
    return objects


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_services_lead_to_pods(manifest: Any) -> None:
    assert set(manifest["Service"]) == set(manifest["Deployment"]) == {"web", "media", "redis"}
    for name, service in manifest["Service"].items():
        deployment = manifest["Deployment"][name]["spec"]
        labels = deployment["template"]["metadata"]["labels"]
        assert service["spec"]["selector"] == deployment["selector"]["matchLabels"] == labels
        ports = {port["name"] for port in container(manifest["Deployment"][name])["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports


def test_what_begins_with_media_leads_to_pods_of_their_own(manifest: Any) -> None:
    (rule,) = manifest["Ingress"]["site"]["spec"]["rules"]
    backends = {path["path"]: path["backend"]["service"] for path in rule["http"]["paths"]}
    port = {"name": "http"}
    assert backends == {
        "/shift-media/": {"name": "media", "port": port},
        "/": {"name": "web", "port": port},
    }
    assert (
        'path("shift-media/", include("django_shift_media.urls"))'
        in blocks("kubernetes", "python")[1]
    )


def test_pods_of_pages_and_of_media_run_the_same(manifest: Any) -> None:
    web, media = (container(manifest["Deployment"][name]) for name in ("web", "media"))
    for key in ("image", "envFrom", "ports", "readinessProbe", "livenessProbe"):
        assert web[key] == media[key]
    assert [word for word in web["command"] if not word.isdecimal()] == [
        word for word in media["command"] if not word.isdecimal()
    ]
    assert f":{media['ports'][0]['containerPort']}" in " ".join(media["command"])
    assert media["readinessProbe"]["httpGet"]["path"] == "/healthy/"
    for name in ("web", "media"):
        account = manifest["Deployment"][name]["spec"]["template"]["spec"]["serviceAccountName"]
        assert account in manifest["ServiceAccount"]
    assert "//redis:6379/" in manifest["ConfigMap"]["site"]["data"]["REDIS_URL"]


@pytest.mark.parametrize("name", ["web", "media"])
def test_pods_have_the_environment_that_the_settings_read(manifest: Any, name: str) -> None:
    read = set(re.findall(r'os\.environ\["(\w+)"\]', blocks("kubernetes", "python")[0]))
    own = {entry["name"] for entry in container(manifest["Deployment"][name])["env"]}
    assert read <= {*manifest["ConfigMap"]["site"]["data"], *own}


@pytest.mark.parametrize("name", ["web", "media"])
def test_pods_have_the_memory_that_their_images_take(manifest: Any, name: str) -> None:
    limits = {"Mi": 2**20, "Gi": 2**30}
    found = container(manifest["Deployment"][name])
    (concurrency,) = (e["value"] for e in found["env"] if e["name"] == "MEDIA_CONCURRENCY")
    limit = found["resources"]["limits"]["memory"]
    pixels = re.search(r"MAX_PIXELS = ([0-9_]+)", blocks("kubernetes", "python")[0])
    assert pixels is not None
    decoding = 16 * int(pixels[1]) * int(concurrency)
    assert int(limit[:-2]) * limits[limit[-2:]] > decoding + 256 * 2**20


# -- ECS ------------------------------------------------------------------------------------------

READ_ONLY = 'mount --make-rprivate / && mount -o remount,ro,bind / && mount -t tmpfs tmp "$TMPDIR"'


@pytest.fixture
def task() -> dict[str, Any]:
    """The task definition of the guide, which must be one for boto3."""
    task = json.loads((ROOT / "docs/examples/ecs/task-definition.json").read_text())
    service = get_session().get_service_model("ecs")
    validate_parameters(task, service.operation_model("RegisterTaskDefinition").input_shape)
    return dict(task)


def test_pods_and_tasks_write_to_tmp_only(manifest: Any, task: Any) -> None:
    for name in ("web", "media"):
        assert container(manifest["Deployment"][name])["securityContext"]["readOnlyRootFilesystem"]
        (mount,) = container(manifest["Deployment"][name])["volumeMounts"]
        assert mount["mountPath"] == "/tmp"
    (found,) = task["containerDefinitions"]
    assert found["readonlyRootFilesystem"]
    assert [mount["containerPath"] for mount in found["mountPoints"]] == ["/tmp"]
    assert found["command"] == container(manifest["Deployment"]["media"])["command"]


@pytest.mark.server
def test_the_command_of_a_task_runs_on_a_read_only_file_system(
    task: Any, moto: Any, settings: Any, small_jpeg: bytes, tmp_path: Path, db: None
) -> None:
    storage = new_bucket(settings, moto)
    photo = Photo.objects.create(photo=ContentFile(small_jpeg, name="small.jpg")).photo
    key = photo.resize("9x9").removeprefix(storage.media_url)
    (found,) = task["containerDefinitions"]
    port, temporary = free_port(), tmp_path / "tmp"
    temporary.mkdir()
    command = [word.replace("example.", "testproject.") for word in found["command"]]
    command[command.index(":8000")] = f"127.0.0.1:{port}"
    variables = environment(
        tmp_path,
        moto,
        storage.bucket_name,
        GALLERY_S3_MODE="failover",
        DJANGO_SETTINGS_MODULE="testproject.settings",
        PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "testproject")]),
        TMPDIR=str(temporary),
    )
    shell = ["unshare", "--mount", "sh", "-c", f'{READ_ONLY} && exec "$@"', "sh"]
    if shutil.which("unshare") is None:
        missing("unshare: apt-get install util-linux")
    if subprocess.run([*shell, "true"], env=variables, capture_output=True).returncode:
        missing("mount namespaces: run the tests as root")
    with running([*shell, sys.executable, "-m", *command], variables, port, tmp_path / "log"):
        answer = requests.get(f"http://127.0.0.1:{port}/media/{key}", timeout=PATIENCE)
        assert answer.status_code == 200
        check = [word.replace("8000", str(port)) for word in found["healthCheck"]["command"][2:]]
        assert subprocess.run([sys.executable, *check]).returncode == 1, "there is no /healthy/"
        check = [word.replace("/healthy/", f"/media/{key}") for word in check]
        assert subprocess.run([sys.executable, *check]).returncode == 0
