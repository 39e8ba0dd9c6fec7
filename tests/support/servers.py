"""
The servers that the tests are run on, each started once and stopped at the end.

Those for S3 have what ``django_shift_media.testing.S3Emulator`` has: ``endpoint_url``,
``access_key``, ``secret_key``, ``region``, ``website_address``, ``website_url()`` and
``storage_options()``.
"""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from django_shift_media.testing import S3Emulator
from tests.support.requirements import permit
from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
# Seconds that a server has to end in order, before it is killed; nothing depends on which it is.
_GRACE = 10
BESIDE_MINISTACK = "in a virtual environment of its own, with its bin folder on PATH"


class Missing(Exception):
    """A server that is not installed; the message says how to install it."""


class ExternalServer:
    """A server whose website endpoint has the port of its API, and tells them apart by Host."""

    region = "us-east-1"

    def __init__(self, port: int, access_key: str, secret_key: str) -> None:
        self.port = port
        self.access_key = access_key
        self.secret_key = secret_key
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self.website_address = ("127.0.0.1", port)

    def website_url(self, bucket: str) -> str:
        return f"http://{bucket}.s3-website.localhost:{self.port}/"

    storage_options = S3Emulator.storage_options


@contextmanager
def moto() -> Iterator[S3Emulator]:
    with S3Emulator() as server:
        yield server


@contextmanager
def s3rver() -> Iterator[ExternalServer]:
    permit("server")
    if not shutil.which("node") or not (ROOT / "node_modules" / "s3rver").is_dir():
        raise Missing("s3rver: npm install --no-save s3rver@3.7.1")
    port = free_port()
    program = (
        "new (require('s3rver'))({ directory: process.argv[1], port: +process.argv[2],"
        " address: '127.0.0.1', serviceEndpoint: 'localhost', silent: true }).run();"
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        process = subprocess.Popen(["node", "-e", program, folder, str(port)], cwd=ROOT)
        stack.callback(stop, process)
        wait_for(port, process)
        yield ExternalServer(port, "S3RVER", "S3RVER")


@contextmanager
def ceph() -> Iterator[ExternalServer]:
    """A Ceph cluster of one monitor, one store in memory, and one object gateway."""
    permit("server")
    needed = ("radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph")
    if any(shutil.which(program) is None for program in needed):
        raise Missing(
            "Ceph: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common"
        )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cluster = _Ceph(Path(folder), stack)
        cluster.start_monitor()
        cluster.start_store()
        cluster.start_gateway()
        yield ExternalServer(cluster.port, "CEPHKEY", "CEPHSECRET")


class _Ceph:
    """The steps of a manual deployment: https://docs.ceph.com/en/latest/install/manual-deployment/."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.port, self.monitor_port = free_port(), free_port()
        self.cluster_id = str(uuid.uuid4())
        for name in ("mon", "osd", "rgw"):
            (folder / name).mkdir()
        (folder / "ceph.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        folder = self.folder
        sections = {
            "global": {
                "fsid": self.cluster_id,
                "mon host": f"v2:127.0.0.1:{self.monitor_port}",
                "public addr": "127.0.0.1",
                "cluster addr": "127.0.0.1",
                "keyring": folder / "keyring",
                "run dir": folder,
                "admin socket": f"{folder}/$name.asok",
                "log file": f"{folder}/$name.log",
                # One copy of everything, on one machine, is enough for a test.
                "osd pool default size": 1,
                "osd pool default min size": 1,
                "osd pool default pg num": 8,
                "osd pool default pgp num": 8,
                "osd pool default pg autoscale mode": "off",
                "osd crush chooseleaf type": 0,
                "mon max pg per osd": 1000,
            },
            "mon": {
                "mon data": folder / "mon",
                "mon allow pool size one": "true",
                # However full the disk of the machine is.
                "mon data avail warn": 2,
                "mon data avail crit": 1,
            },
            "osd": {
                "osd data": folder / "osd",
                "osd objectstore": "memstore",
                "memstore device bytes": 1 << 30,
                "osd class load list": "*",
                "osd class default list": "*",
            },
            "client": {
                "rgw data": folder / "rgw",
                "rgw frontends": f"beast endpoint=127.0.0.1:{self.port}",
                "rgw enable static website": "true",
                "rgw enable apis": "s3, s3website, admin",
                "rgw dns name": "localhost",
                "rgw dns s3website name": "s3-website.localhost",
                "rgw resolve cname": "false",
                # A day of a lifecycle is a second.
                "rgw lc debug interval": 1,
                "rgw lifecycle work time": "00:00-23:59",
                "rgw thread pool size": 16,
            },
        }
        lines = []
        for name, section in sections.items():
            lines += [f"[{name}]", *(f"{key} = {value}" for key, value in section.items())]
        return "\n".join([*lines, ""])

    def run(self, *command: str) -> str:
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
        return result.stdout.strip()

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.out").open("wb") as output:
            process = subprocess.Popen(
                [*command, "--foreground"],
                cwd=self.folder,
                env={**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")},
                stdout=output,
                stderr=output,
            )
        self.stack.callback(stop, process)
        return process

    def start_monitor(self) -> None:
        keyring = ["ceph-authtool", "keyring", "--gen-key"]
        self.run(*keyring, "--create-keyring", "--name", "mon.", "--cap", "mon", "allow *")
        caps = [word for part in ("mon", "osd", "mgr") for word in ("--cap", part, "allow *")]
        self.run(*keyring, "--name", "client.admin", *caps)
        address = f"[v2:127.0.0.1:{self.monitor_port}]"
        monitors = ["monmaptool", "--create", "--fsid", self.cluster_id, "--addv", "a", address]
        self.run(*monitors, "monmap")
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        self.start("ceph-mon", "-i", "a")
        self.run("ceph", "--connect-timeout", str(PATIENCE), "status")

    def start_store(self) -> None:
        store_id = str(uuid.uuid4())
        number = self.run("ceph", "osd", "new", store_id)
        caps = ["osd", "allow *", "mon", "allow profile osd"]
        self.run("ceph", "auth", "get-or-create", f"osd.{number}", *caps, "-o", "osd/keyring")
        keyring = ["--keyring", str(self.folder / "osd" / "keyring")]
        self.run("ceph-osd", "--mkfs", "-i", number, "--osd-uuid", store_id, *keyring)
        place = ["1.0", "root=default", "host=localhost"]
        self.run("ceph", "osd", "crush", "add", f"osd.{number}", *place)
        self.start("ceph-osd", "-i", number, *keyring)

    def start_gateway(self) -> None:
        for name, access_key, secret_key in (
            ("tests", "CEPHKEY", "CEPHSECRET"),
            ("stranger", "STRANGER", "STRANGER"),
        ):
            user = ["radosgw-admin", "user", "create", "--uid", name, "--display-name", name]
            self.run(*user, "--access-key", access_key, "--secret", secret_key)
        process = self.start("radosgw", "-n", "client.admin")
        wait_for(self.port, process)


@contextmanager
def ministack() -> Iterator[ExternalServer]:
    """
    Much of AWS, as IAM, CloudFront and ACM; it keeps bucket websites, but serves none.

    The key "test" may do anything. Those of users that are made in its IAM may do what their
    policies allow.
    """
    permit("server")
    if not shutil.which("ministack"):
        raise Missing(
            f"ministack: pip install ministack==1.5.33 {BESIDE_MINISTACK}, as it wants another"
            " boto3"
        )
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        environment = {
            **os.environ,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LOG_LEVEL": "WARNING",
            "TMPDIR": folder,
        }
        output = stack.enter_context(Path(folder, "ministack.out").open("wb"))
        process = subprocess.Popen(
            ["ministack"], cwd=folder, env=environment, stdout=output, stderr=output
        )
        stack.callback(stop, process)
        wait_for(port, process)
        yield ExternalServer(port, "test", "test")


@contextmanager
def redis() -> Iterator[str]:
    """A cache that processes share; yield its URL."""
    permit("server")
    if not shutil.which("redis-server"):
        raise Missing("Redis: apt-get install redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        try:
            wait_for(port, process, http=False)
            yield f"redis://127.0.0.1:{port}"
        finally:
            stop(process)


# Ends of outgoing connections have ports from 32768 on; browsers refuse to open port 10080.
_PORTS = range(11_000, 32_700)
_AT_A_TIME = 100
_claims: list[socket.socket] = []


def free_port() -> int:
    """
    Return a port of 127.0.0.1 on which nobody listens.

    Nobody takes it before it is used: other processes of tests have other ports, and systems give
    none of these to the ends of outgoing connections.
    """
    return next(port for port in _claimed_ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _claimed() -> Iterator[int]:
    """Give the ports of a block, again and again; it is ours until this process ends."""
    blocks = list(_PORTS[::_AT_A_TIME])
    random.SystemRandom().shuffle(blocks)
    for block in blocks:
        # Where servers of TCP listen, a socket for UDP is in nobody's way.
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", block))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        yield from cycle(range(block, block + _AT_A_TIME))
    raise OSError("All ports are taken.")


_claimed_ports = _claimed()


def wait_for(port: int, process: "subprocess.Popen[bytes]", *, http: bool = True) -> None:
    """Wait until a server answers, whatever it answers; or takes connections, if not HTTP."""

    def answers() -> bool:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            if http:
                urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE).close()
            else:
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except HTTPError:
            return True
        except OSError:
            return False
        return True

    wait_until(answers, f"an answer of {process.args} on port {port}")


def wait_until_free(port: int) -> None:
    """Wait until nothing listens on a port any more."""

    def is_free() -> bool:
        with socket.socket() as client:
            return bool(client.connect_ex(("127.0.0.1", port)))

    wait_until(is_free, f"port {port} to be free")


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


SERVERS = {
    "moto": moto,
    "s3rver": s3rver,
    "ceph": ceph,
    "ministack": ministack,
    "redis": redis,
}
# Those that the loop is run on: they serve bucket websites.
WEBSITES = ("moto", "s3rver", "ceph")
