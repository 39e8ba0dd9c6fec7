"""
Transactions on database servers that run at the same time, step by step, in every order.

Whichever steps come first, and whoever has to wait or fails: in the end, each file that a committed
row names is there.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import combinations
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest
import requests
from botocore.config import Config
from django.core.files.base import ContentFile
from django.db import DatabaseError, OperationalError, connection, transaction

from django_shift_media.exceptions import StorageUnavailable
from django_shift_media.storages.local import LocalMediaStorage
from django_shift_media.storages.selection import media_storage
from gallery.drawings import draw_photo
from gallery.models import Attachment, Photo
from tests.support.buckets import new_bucket
from tests.support.concurrency import at_once
from tests.support.faults import faulty_proxy
from tests.support.galleries import environment, gunicorn
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
each_server = pytest.mark.parametrize("server", ["postgresql", "mariadb"], indirect=True)

OLD = b"old"
# How a step may fail: nothing is lost, and the whole may be tried again.
ACCEPTABLE = (Attachment.DoesNotExist, DatabaseError, FileNotFoundError, StorageUnavailable)


def blocked_on_postgresql(cursor: Any, pid: int) -> bool:
    cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
    return bool(cursor.fetchone()[0])


def blocked_on_mariadb(cursor: Any, pid: int) -> bool:
    # Not from INNODB_TRX, which is a cache that is kept for as long as somebody asks.
    cursor.execute("SHOW ENGINE INNODB STATUS")
    transactions = cursor.fetchone()[2].split("---TRANSACTION")
    return any(f"thread id {pid}," in each and "LOCK WAIT" in each for each in transactions)


class Server(NamedTuple):
    """What to ask a server, by Django's name of it."""

    set_level: str
    pid: str
    is_blocked: Callable[[Any, int], bool]


SERVERS = {
    "postgresql": Server(
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}",
        "SELECT pg_backend_pid()",
        blocked_on_postgresql,
    ),
    "mysql": Server(
        "SET SESSION TRANSACTION ISOLATION LEVEL {level}",
        "SELECT connection_id()",
        blocked_on_mariadb,
    ),
}


class Client:
    """A thread with a connection of its own."""

    def __init__(self, level: str) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.pid = self.run(lambda: self._connect(level)).result()

    def _connect(self, level: str) -> int:
        with connection.cursor() as cursor:
            server = SERVERS[connection.vendor]
            cursor.execute(server.set_level.format(level=level))
            cursor.execute(server.pid)
            pid: int = cursor.fetchone()[0]
        return pid

    def run(self, function: Callable[[], Any]) -> "Future[Any]":
        """Call a function, after those before; return when it is done or waits for a lock."""
        future = self.pool.submit(function)
        # Most steps are done in a few milliseconds: the server is only asked about the others.
        wait_until(
            lambda: wait([future], 0.01).done or self._is_blocked(),
            "a step to end or to wait",
        )
        return future

    def _is_blocked(self) -> bool:
        with connection.cursor() as cursor:
            return SERVERS[connection.vendor].is_blocked(cursor, getattr(self, "pid", 0))

    def close(self) -> None:
        self.run(lambda: connection.close()).result()
        self.pool.shutdown()


class Transaction:
    """What a client does with a row: a transaction of three steps."""

    def __init__(self, client: Client, act: Callable[[Attachment], None], pk: int) -> None:
        self.client = client
        self.act = act
        self.pk = pk
        self.atomic = transaction.atomic()
        self.error: Exception | None = None
        self.steps = iter([self.load, self.change, self.commit])
        self.futures: list[Future[None]] = []

    def load(self) -> None:
        self.atomic.__enter__()
        self.row = Attachment.objects.get(pk=self.pk)

    def change(self) -> None:
        self.act(self.row)

    def commit(self) -> None:
        self.atomic.__exit__(None, None, None)

    def step(self) -> None:
        self.futures.append(self.client.run(partial(self._try, next(self.steps))))

    def _try(self, step: Callable[[], None]) -> None:
        try:
            if self.error is None:
                step()
        except ACCEPTABLE as error:
            self.error = error
            if connection.in_atomic_block:
                self.atomic.__exit__(type(error), error, None)

    def finish(self) -> None:
        for future in self.futures:
            future.result(PATIENCE)


def new_file() -> "ContentFile[bytes]":
    return ContentFile(b"new", name="new.txt")


def assert_no_holes() -> None:
    for name in Attachment.objects.values_list("file", flat=True):
        assert not name or media_storage().get(name) in {b"old", b"new"}


# -- what a transaction does to a row that it has loaded ------------------------------------------


def replace(row: Attachment) -> None:
    row.file = new_file()
    row.save()


def replace_only(row: Attachment) -> None:
    row.file = new_file()
    row.save(update_fields=["file"])


def clear(row: Attachment) -> None:
    row.file.delete()


def delete(row: Attachment) -> None:
    row.delete()


def delete_by_queryset(row: Attachment) -> None:
    Attachment.objects.filter(pk=row.pk).delete()


def copy(row: Attachment) -> None:
    row.pk = None
    row._state.adding = True
    row.save()


def copy_and_delete(row: Attachment) -> None:
    pk = row.pk
    copy(row)
    Attachment.objects.get(pk=pk).delete()


def share(row: Attachment) -> None:
    """A row that exists already comes to name the file."""
    other = Attachment.objects.exclude(pk=row.pk).order_by("pk").last()
    assert other
    other.file = row.file.name
    other.save()


def swap(row: Attachment) -> None:
    other = Attachment.objects.exclude(pk=row.pk).order_by("pk").last()
    assert other
    row.file, other.file = other.file.name, row.file.name
    row.save()
    other.save()


def save_all(row: Attachment) -> None:
    """What the row names is written again, whether it is still true or not."""
    row.save()


LET_GO = [replace, replace_only, clear, delete, delete_by_queryset, copy_and_delete, swap]
NAME = [copy, share, save_all, swap]


def orders() -> Iterator[str]:
    """All ways to mix three steps of a and three of b."""
    for places in combinations(range(6), 3):
        yield "".join("a" if place in places else "b" for place in range(6))


@pytest.fixture
def server(request: Any) -> None:
    request.getfixturevalue(request.param)


@pytest.fixture
def level() -> str:
    return "READ COMMITTED"  # Django's default


@pytest.fixture
def pair(server: None, level: str) -> Iterator[tuple[Client, Client]]:
    pair = Client(level), Client(level)
    yield pair
    for client in pair:
        client.close()


def assert_that_no_order_loses_a_file(pair: tuple[Client, Client], let_go: Any, name: Any) -> None:
    for order in orders():
        row = Attachment.objects.create(file=ContentFile(OLD, name="old.txt"))
        Attachment.objects.create(file=new_file())
        a, b = Transaction(pair[0], let_go, row.pk), Transaction(pair[1], name, row.pk)
        for letter in order:
            (a if letter == "a" else b).step()
        for each in (a, b):
            each.finish()
        assert_no_holes()
        assert a.error is None or b.error is None
        Attachment.objects.all().delete()


@pytest.mark.parametrize("name", NAME)
@pytest.mark.parametrize("let_go", LET_GO)
@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_in_whatever_order_no_row_loses_its_file(
    let_go: Any, name: Any, pair: tuple[Client, Client]
) -> None:
    assert_that_no_order_loses_a_file(pair, let_go, name)


@pytest.mark.parametrize(
    ("let_go", "name"), [(replace, copy), (delete, save_all), (copy_and_delete, share)]
)
@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_in_whatever_order_mariadb_loses_no_file_either(
    let_go: Any, name: Any, pair: tuple[Client, Client]
) -> None:
    assert_that_no_order_loses_a_file(pair, let_go, name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAME)
@pytest.mark.parametrize("let_go", LET_GO)
@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@each_server
def test_at_whatever_isolation_level_no_row_loses_its_file(
    let_go: Any, name: Any, pair: tuple[Client, Client]
) -> None:
    assert_that_no_order_loses_a_file(pair, let_go, name)


# -- what the steps above are too long for --------------------------------------------------------


@pytest.fixture
def row(server: None) -> Attachment:
    return Attachment.objects.create(file=ContentFile(OLD, name="old.txt"))


class Patient(LocalMediaStorage):
    """Takes its time to delete a file: until it may."""

    deleting = Event()
    may_delete = Event()

    def delete(self, name: str) -> None:
        self.deleting.set()
        assert self.may_delete.wait(PATIENCE)
        super().delete(name)


@pytest.mark.parametrize("name", [copy, save_all])
@each_server
def test_a_file_that_is_being_deleted_is_named_no_more(
    row: Attachment, name: Any, settings: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "media": {"BACKEND": "tests.test_rows.Patient"}}
    settings.SHIFT_MEDIA_STORAGE = "media"
    Patient.deleting.clear()
    Patient.may_delete.clear()
    stale = Attachment.objects.get()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: (replace(row), connection.close()))
        assert Patient.deleting.wait(PATIENCE)
        with pytest.raises(FileNotFoundError):
            name(stale)
        Patient.may_delete.set()
        done.result(PATIENCE)
    assert_no_holes()


@each_server
def test_a_save_without_a_transaction_writes_no_name_that_was_let_go_of_meanwhile(
    row: Attachment, pair: tuple[Client, Client]
) -> None:
    looked, may_write = Event(), Event()

    def hold(execute: Any, sql: str, *arguments: Any) -> Any:
        """Wait before the row is written, which is after it was looked at."""
        if sql.startswith("UPDATE"):
            looked.set()
            assert may_write.wait(PATIENCE)
        return execute(sql, *arguments)

    def save() -> None:
        with connection.execute_wrapper(hold):
            stale.save()

    stale = Attachment.objects.get()
    saved = pair[1].pool.submit(save)
    assert looked.wait(PATIENCE)
    replaced = pair[0].run(lambda: replace(row))
    assert not replaced.done()
    may_write.set()
    saved.result(PATIENCE)
    replaced.result(PATIENCE)
    assert media_storage().get(Attachment.objects.get().file.name) == b"new"


@each_server
def test_of_two_that_wait_for_each_other_one_fails_and_loses_nothing(
    row: Attachment, pair: tuple[Client, Client]
) -> None:
    other = Attachment.objects.create(file=new_file())
    both = [transaction.atomic(), transaction.atomic()]

    def turn(number: int, first: bool, last: bool, pk: int) -> None:
        if first:
            both[number].__enter__()
        replace(Attachment.objects.get(pk=pk))
        if last:
            both[number].__exit__(None, None, None)

    futures = [
        pair[0].run(lambda: turn(0, True, False, row.pk)),
        pair[1].run(lambda: turn(1, True, False, other.pk)),
        pair[0].run(lambda: turn(0, False, True, other.pk)),
        pair[1].run(lambda: turn(1, False, True, row.pk)),
    ]
    errors = [error for future in futures if (error := future.exception(PATIENCE))]
    assert [type(error) for error in errors] == [OperationalError]
    for client in pair:
        client.run(lambda: connection.close()).result(PATIENCE)
    assert_no_holes()


@pytest.mark.parametrize("fault", ["500", "cut request", "lose answer"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_storage_that_fails_frees_the_row_for_others(
    moto: Any, settings: Any, pair: tuple[Client, Client], method: str, fault: Any
) -> None:
    with faulty_proxy(moto.endpoint_url) as proxy:
        once = Config(retries={"total_max_attempts": 1})
        new_bucket(settings, moto, endpoint_url=proxy.endpoint_url, client_config=once)
        row = Attachment.objects.create(file=ContentFile(OLD, name="old.txt"))
        a, b = Transaction(pair[0], replace, row.pk), Transaction(pair[1], copy, row.pk)
        proxy.fail(fault, method, times=1)
        for each in (a, b, a, a, b, b):
            each.step()
        a.finish()
        b.finish()
        # An upload that failed left the file to be copied; else it was let go of.
        failed = a if method == "PUT" else b
        assert [each for each in (a, b) if each.error] == [failed]
        assert proxy.met == [method]
        proxy.mend()
        assert_no_holes()
        replace(Attachment.objects.earliest("pk"))
        assert_no_holes()


# -- processes ------------------------------------------------------------------------------------


@each_server
def test_two_admins_who_replace_a_file_at_once_both_succeed(
    tmp_path: Path, settings: Any, server: None, admin_user: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    photo = Photo.objects.create(photo=ContentFile(draw_photo(40, 30), name="photo.jpg"))
    row = Attachment.objects.create(photo=photo, file=ContentFile(OLD, name="old.txt"))
    contents = [f"{number}{'x' * 50_000}".encode() for number in range(2)]

    def work(url: str, content: bytes) -> list[int]:
        """Log in, and replace the file ten times; return the statuses."""
        session = requests.Session()
        page = f"{url}/admin/gallery/photo/{photo.pk}/change/"
        session.get(f"{url}/admin/login/")
        login = {"username": "admin", "password": "password"}
        statuses = []
        for address, data in [(f"{url}/admin/login/", login)] + 10 * [(page, form)]:
            token = session.cookies["csrftoken"]
            answer = session.post(
                address,
                data={**data, "csrfmiddlewaretoken": token},
                files={} if data is login else {"attachment_set-0-file": ("new.txt", content)},
                allow_redirects=False,
            )
            statuses.append(answer.status_code)
        return statuses

    form = {
        "attachment_set-TOTAL_FORMS": 1,
        "attachment_set-INITIAL_FORMS": 1,
        "attachment_set-0-id": row.pk,
        "attachment_set-0-photo": photo.pk,
    }
    with gunicorn(environment(tmp_path), workers=2, threads=1) as workers:
        answers = at_once([partial(work, workers.url, content) for content in contents])
    assert answers == [11 * [302]] * 2
    assert media_storage().get(Attachment.objects.get().file.name) in contents
    assert len(list((tmp_path / "media").rglob("new.txt/new.txt"))) == 1
