"""Database servers, each started once, migrated once, and emptied after each test."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection

from tests.support.requirements import permit
from tests.support.servers import Missing, free_port, stop
from tests.support.waiting import wait_until

# Tables with rows that a migration makes.
_KEPT = {"auth_permission", "django_content_type", "django_migrations"}


class DatabaseServer:
    """
    A database server that is kept for many tests.

    ``settings`` are those of Django's connection to it; ``environment`` is that of galleries.
    """

    def __init__(self, settings: dict[str, Any], environment: dict[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self.is_migrated = False

    def migrate(self) -> None:
        """Make the tables, once."""
        if not self.is_migrated:
            call_command("migrate", verbosity=0)
            self.is_migrated = True

    def empty(self) -> None:
        """Delete all rows but those that a migration makes, and count from 1 again."""
        tables = set(connection.introspection.table_names()) - _KEPT
        looks = (
            f"SELECT '{table}' FROM (SELECT 1) AS one WHERE EXISTS (SELECT 1 FROM {table})"
            for table in tables
        )
        with connection.cursor() as cursor:
            cursor.execute(" UNION ".join(looks))
            filled = [row[0] for row in cursor.fetchall()]
        flush = connection.ops.sql_flush(
            no_style(), filled, reset_sequences=True, allow_cascade=True
        )
        connection.ops.execute_sql_flush(flush)


@contextmanager
def postgresql() -> Iterator[DatabaseServer]:
    permit("server")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nowhere"))
    if not (programs / "initdb").exists() or importlib.util.find_spec("psycopg") is None:
        raise Missing("PostgreSQL: apt-get install postgresql; pip install 'psycopg[binary]'")
    port = free_port()
    with _folder_of("postgres") as (folder, user):
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"]
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "deadlock_timeout": "100ms",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with _running(
            folder,
            user,
            install=[programs / "initdb", *options, folder / "data"],
            run=[programs / "postgres", "-D", folder / "data", *arguments],
            # It takes connections, and refuses them, before the database has started up.
            ask=[programs / "pg_isready", "--host=127.0.0.1", f"--port={port}", "--quiet"],
        ):
            yield DatabaseServer(
                {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres"},
                {
                    "GALLERY_POSTGRESQL": "postgres",
                    "PGHOST": "127.0.0.1",
                    "PGPORT": str(port),
                    "PGUSER": "postgres",
                },
            )


@contextmanager
def mariadb() -> Iterator[DatabaseServer]:
    permit("server")
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    server = shutil.which("mariadbd", path=path)
    installer = shutil.which("mariadb-install-db")
    if not server or not installer or importlib.util.find_spec("pymysql") is None:
        raise Missing("MariaDB: apt-get install mariadb-server; pip install PyMySQL")
    with _folder_of("mysql") as (folder, user):
        socket = folder / "socket"
        data = ["--no-defaults", f"--datadir={folder}/data"]
        accounts = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        settings = {
            "socket": socket,
            "pid-file": folder / "pid",
            "innodb-flush-log-at-trx-commit": 0,
            "character-set-server": "utf8mb4",
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        client = ["--no-defaults", f"--socket={socket}", "--user=root"]
        with _running(
            folder,
            user,
            install=[installer, *data, *accounts],
            run=[server, *data, "--skip-networking", *arguments],
            ask=["mariadb-admin", *client, "--silent", "ping"],
        ):
            create = ["mariadb", *client, "--execute=CREATE DATABASE gallery"]
            subprocess.run(create, check=True)
            _use_pymysql()
            yield DatabaseServer(
                {
                    "ENGINE": "django.db.backends.mysql",
                    "NAME": "gallery",
                    "USER": "root",
                    "HOST": str(socket),
                },
                {"GALLERY_MARIADB": str(socket)},
            )


def _use_pymysql() -> None:
    import pymysql

    pymysql.install_as_MySQLdb()


@contextmanager
def _folder_of(account: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Make a folder for a server; yield also who is to run it, as these servers refuse root."""
    with tempfile.TemporaryDirectory() as folder:
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = {"user": account, "group": account, "extra_groups": []}
            shutil.chown(folder, account)
        yield Path(folder), user


@contextmanager
def _running(
    folder: Path,
    user: dict[str, Any],
    *,
    install: Sequence[str | Path],
    run: Sequence[str | Path],
    ask: Sequence[str | Path],
) -> Iterator[None]:
    """Run a database server, once it is installed, from the time at which it says it is ready."""
    with ExitStack() as stack:
        output = stack.enter_context((folder / "out").open("wb"))
        to_file: dict[str, Any] = {"cwd": folder, "stdout": output, "stderr": output}
        with _one_at_a_time():
            subprocess.run(install, check=True, **to_file, **user)
        process = subprocess.Popen(run, **to_file, **user)
        stack.callback(stop, process)

        def is_ready() -> bool:
            assert process.poll() is None, f"{process.args} ended with {process.returncode}"
            return subprocess.run(ask, check=False, **to_file).returncode == 0

        wait_until(is_ready, str(run[0]))
        yield


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for other processes: mariadb-install-db fails now and then if two run at once."""
    path = Path(tempfile.gettempdir()) / f"django_shift_media-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


SERVERS = {"postgresql": postgresql, "mariadb": mariadb}
