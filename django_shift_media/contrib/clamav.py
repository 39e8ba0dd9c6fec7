"""
Refuse uploads in which ClamAV finds a virus.

Set ``SHIFT_MEDIA_UPLOAD_VALIDATORS = ["django_shift_media.contrib.clamav.scan"]``.
"""

import socket
import struct
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

# The socket of Debian's package "clamav-daemon".
DEBIAN_SOCKET = "/run/clamav/clamd.ctl"
_CHUNK = 64 * 1024
_MAX_REPLY = 4096


class ClamAV:
    """
    A validator that sends each upload to a running clamd.

    ``address`` is the path of a Unix socket, or a host and a port. ``timeout`` is the number of
    seconds for which clamd may be silent. An upload that clamd cannot check is refused, also one
    that is larger than its ``StreamMaxLength``.
    """

    def __init__(
        self, address: str | tuple[str, int] = DEBIAN_SOCKET, *, timeout: float = 60
    ) -> None:
        self.address = address
        self.timeout = timeout

    def __call__(self, file: "File[Any]") -> None:
        """Raise ``ValidationError`` for a virus, and ``OSError`` if there is no clear reply."""
        reply = self.reply(file)
        if reply == "stream: OK":
            return
        if not reply.endswith(" FOUND"):
            raise OSError(f"clamd at {self.address} replied {reply!r}.")
        virus = reply.removeprefix("stream: ").removesuffix(" FOUND")
        raise ValidationError(
            _("“%(name)s” contains a virus: %(virus)s."),
            code="virus",
            params={"name": file.name, "virus": virus},
        )

    def reply(self, file: "File[Any]") -> str:
        """Return what clamd replies to the command INSTREAM; see ``man 8 clamd``."""
        with self._connect() as connection:
            # A stream that is too long is answered, and closed, before it ends.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"zINSTREAM\0")
                for chunk in file.chunks(_CHUNK):
                    connection.sendall(struct.pack(">I", len(chunk)) + chunk)
                connection.sendall(struct.pack(">I", 0))
            return _read(connection)

    def _connect(self) -> socket.socket:
        if not isinstance(self.address, str):
            return socket.create_connection(self.address, self.timeout)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(self.timeout)
            connection.connect(self.address)
        except BaseException:
            connection.close()
            raise
        return connection


def _read(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _MAX_REPLY:
        if not (received := connection.recv(_MAX_REPLY)):
            break
        reply += received
    return reply.rstrip(b"\0\n").decode(errors="replace")


scan = ClamAV()
