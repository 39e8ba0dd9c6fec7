"""What stands between a browser and a bucket or an app: nginx, and certificates for it."""

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.requirements import missing, permit
from tests.support.servers import free_port, stop, wait_for
from tests.support.waiting import PATIENCE


class Certificate(NamedTuple):
    """Two PEM files; the certificate is signed by itself, so it is its own authority."""

    certificate: Path
    key: Path

    @property
    def directives(self) -> str:
        return f"ssl_certificate {self.certificate}; ssl_certificate_key {self.key};"


def make_certificate(folder: Path, *names: str) -> Certificate:
    """Make a certificate for host names and IP addresses, as in "127.0.0.1"."""
    if shutil.which("openssl") is None:
        missing("openssl: apt-get install openssl")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    kinds = ("IP" if name.replace(".", "").isdigit() else "DNS" for name in names)
    alternatives = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names, strict=True))
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
    subject = ["-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}"]
    files = ["-out", str(made.certificate), "-keyout", str(made.key)]
    command = ["openssl", "req", "-x509", *kind, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return made


@contextmanager
def nginx(*servers: str, http: str = "") -> Iterator[list[int]]:
    """
    Run an nginx with so many servers, and yield the port of each on 127.0.0.1.

    A server is what nginx's configuration has within ``server { }``, without ``listen``; one
    with a certificate speaks TLS. ``http`` goes before the servers: ``proxy_cache_path`` and
    ``upstream``, for two. Relative paths are in a folder that is gone afterwards.
    """
    permit("server")
    if shutil.which("nginx") is None:
        missing("nginx: apt-get install nginx-light")
    ports = [free_port() for _ in servers]
    ready = free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(_configuration(folder, servers, ports, ready, http))
        process = subprocess.Popen(["nginx", "-p", folder, "-e", "stderr", "-c", configuration])
        try:
            wait_for(ready, process)
            yield ports
        finally:
            stop(process)


def _configuration(
    folder: str, servers: tuple[str, ...], ports: list[int], ready: int, http: str
) -> str:
    temporary = "".join(
        f"{module}_temp_path {folder}/{module};\n"
        for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    patience = "".join(
        f"{directive} {PATIENCE}s;\n"
        for directive in (
            *("client_body_timeout", "client_header_timeout", "send_timeout"),
            *("proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout"),
        )
    )
    blocks = "".join(
        f"server {{ listen 127.0.0.1:{port}{_tls(server)};\n{server}\n}}\n"
        for port, server in zip(ports, servers, strict=True)
    )
    # As root, nginx would turn into a user who may not open the folder.
    return f"""
daemon off;
user {getpass.getuser()};
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
{temporary}
{patience}
access_log access.log;
{http}
server {{ listen 127.0.0.1:{ready}; return 204; }}
{blocks}
}}
"""


def _tls(server: str) -> str:
    return " ssl" if "ssl_certificate" in server else ""
