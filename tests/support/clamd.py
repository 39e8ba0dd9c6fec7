"""ClamAV's daemon, which knows one virus: the EICAR test file."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.requirements import permit
from tests.support.servers import Missing, stop
from tests.support.waiting import wait_until

# In two parts, or scanners would delete this file: https://www.eicar.org/download-anti-malware-testfile/
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MAX_STREAM = 1_000_000


@contextmanager
def clamd() -> Iterator[str]:
    """Run clamd, and yield the path of its socket."""
    permit("server")
    if not shutil.which("clamd"):
        raise Missing("ClamAV: apt-get install clamav-daemon")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A name, any kind of file, anywhere in it, these bytes.
        (folder / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
        address = folder / "clamd.ctl"
        configuration = folder / "clamd.conf"
        configuration.write_text(
            f"Foreground yes\nDatabaseDirectory {folder}\nLocalSocket {address}\n"
            f"StreamMaxLength {MAX_STREAM}\nLogFile {folder}/clamd.log\n"
        )
        process = subprocess.Popen(
            ["clamd", "--config-file", configuration], stdout=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: address.exists() or process.poll() is not None, "clamd's socket")
            assert process.poll() is None, (folder / "clamd.log").read_text()
            yield str(address)
        finally:
            stop(process)
