"""An SFTP server, by paramiko, that serves a folder to whoever knows the password."""

import os
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko

from tests.support.serving import serving

_PASSWORD = "secret"
_KEY = paramiko.RSAKey.generate(2048)


@contextmanager
def sftp_server(folder: Path) -> Iterator[dict[str, Any]]:
    """Serve a folder; yield the entry of ``STORAGES`` with which django-storages uses it."""
    folder.mkdir()
    server = _Server(("127.0.0.1", 0), _Connection)
    server.folder = folder
    with serving(server):
        login = {"port": server.server_address[1], "username": "media", "password": _PASSWORD}
        options = {
            "host": "127.0.0.1",
            "params": {**login, "allow_agent": False, "look_for_keys": False},
            "root_path": "/media",
            "known_host_file": str(folder.parent / "known_hosts"),
        }
        yield {"BACKEND": "storages.backends.sftpstorage.SFTPStorage", "OPTIONS": options}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # Connections end with the client, which the storage keeps.
    block_on_close = False
    folder: Path


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        with paramiko.Transport(self.request) as transport:
            transport.add_server_key(_KEY)
            files = (paramiko.SFTPServer, _Files, self.server.folder)
            transport.set_subsystem_handler("sftp", *files)
            with suppress(EOFError, paramiko.SSHException):
                transport.start_server(server=_Login())
                while transport.is_active():
                    transport.join(0.1)


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if password == _PASSWORD else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    """The requests of SFTP that django-storages sends, on a folder."""

    def __init__(self, server: Any, folder: Path) -> None:
        super().__init__(server)
        self.folder = folder

    def _path(self, path: str) -> Path:
        return self.folder / self.canonicalize(path).lstrip("/")

    def _status(self, function: Any, *arguments: Any) -> int:
        try:
            function(*arguments)
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno or 0))
        return paramiko.SFTP_OK

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def list_folder(self, path: str) -> Any:
        try:
            entries = list(os.scandir(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return [paramiko.SFTPAttributes.from_stat(each.stat(), each.name) for each in entries]

    def mkdir(self, path: str, attr: Any) -> int:
        return self._status(self._path(path).mkdir)

    def remove(self, path: str) -> int:
        return self._status(self._path(path).unlink)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            file = os.fdopen(os.open(self._path(path), flags, 0o644), _mode(flags))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = handle.writefile = file
        handle.stat = lambda: self.stat(path)
        return handle


def _mode(flags: int) -> str:
    return "wb" if flags & os.O_WRONLY else "r+b" if flags & os.O_RDWR else "rb"
