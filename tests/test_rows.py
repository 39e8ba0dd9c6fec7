"""
Transactions on PostgreSQL that run at the same time, step by step, in every order.

Whichever steps come first, and whoever has to wait or fails: in the end, each file that a committed
row names is there.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import combinations
from threading import Event
from time import sleep
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from django.db.models.signals import pre_save
from django.db.utils import DatabaseError

from django_shift_media.storages import LocalMediaStorage, media_storage
from gallery.models import Attachment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("postgresql")]

OLD = b"old"


class Client:
    """A thread with a connection of its own."""

    def __init__(self, level: str) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.pid = self.run(lambda: self._connect(level)).result()

    def _connect(self, level: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")
            cursor.execute("SELECT pg_backend_pid()")
            pid: int = cursor.fetchone()[0]
        return pid

    def run(self, function: Callable[[], Any]) -> "Future[Any]":
        """Call a function, after those before; return when it is done or waits for a lock."""
        future = self.pool.submit(function)
        while not future.done() and not self._is_blocked():
            sleep(0.005)
        return future

    def _is_blocked(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_blocking_pids(%s)", [getattr(self, "pid", 0)])
            return bool(cursor.fetchone()[0])

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
        except (Attachment.DoesNotExist, FileNotFoundError, DatabaseError) as error:
            self.error = error
            if connection.in_atomic_block:
                self.atomic.__exit__(type(error), error, None)

    def finish(self) -> None:
        for future in self.futures:
            future.result(30)


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


@pytest.fixture(
    params=[
        "READ COMMITTED",
        "REPEATABLE READ",
        pytest.param("SERIALIZABLE", marks=pytest.mark.long),
    ]
)
def clients(request: Any) -> Iterator[tuple[Client, Client]]:
    pair = Client(request.param), Client(request.param)
    yield pair
    for client in pair:
        client.close()


@pytest.mark.parametrize("name", NAME)
@pytest.mark.parametrize("let_go", LET_GO)
def test_in_whatever_order_no_row_loses_its_file(
    let_go: Any, name: Any, clients: tuple[Client, Client]
) -> None:
    for order in orders():
        row = Attachment.objects.create(file=ContentFile(OLD, name="old.txt"))
        Attachment.objects.create(file=new_file())
        a, b = Transaction(clients[0], let_go, row.pk), Transaction(clients[1], name, row.pk)
        for letter in order:
            (a if letter == "a" else b).step()
        for each in (a, b):
            each.finish()
        assert_no_holes()
        assert a.error is None or b.error is None
        Attachment.objects.all().delete()
