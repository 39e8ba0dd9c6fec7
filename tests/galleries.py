"""The gallery as a process of its own, with an environment of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import ROOT, free_port, wait_for

MANAGE = ROOT / "testproject" / "manage.py"


def environment(
    folder: Path, server: Any = None, bucket: str = "", **others: str
) -> dict[str, str]:
    """Return the environment of a gallery: on a server's bucket, or on local disk."""
    on_s3 = {}
    if server is not None:
        on_s3 = {
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "GALLERY_S3_BUCKET": bucket,
            "GALLERY_S3_ENDPOINT_URL": server.endpoint_url,
            "GALLERY_S3_PUBLIC_URL": server.website_url(bucket),
        }
    return {**os.environ, "GALLERY_DATA": str(folder), **on_s3, **others}


@contextmanager
def gallery(environment: dict[str, str], *under: str) -> Iterator[str]:
    """Run a gallery until the block ends, ``under`` another command, and yield its URL."""
    port = free_port()
    command = [*under, sys.executable, str(MANAGE), "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # faketime runs it as a child, which is to end with it
    )
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
