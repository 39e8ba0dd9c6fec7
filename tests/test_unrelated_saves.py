"""Saves that have nothing to do with each other: on MariaDB, they need an index."""

import random
import uuid
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, models, transaction
from django.test.utils import isolate_apps

from django_shift_media.fields import MediaField
from tests.support.concurrency import at_once

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]
THREADS, SAVES, ROWS = 8, 40, 1000


def copy_rows(model: Any, number: int) -> int:
    """Copy rows that no other thread has anything to do with; return how many copies failed."""
    keys = list(model.objects.values_list("pk", flat=True)[number:ROWS:THREADS])
    failed = 0
    for key in random.Random(number).sample(keys, SAVES):
        try:
            with transaction.atomic():
                model.objects.filter(pk=key).update(title="copied")
                row = model.objects.get(pk=key)
                row.pk, row._state.adding = None, True
                row.save()
        except OperationalError:
            failed += 1
    connection.close()
    return failed


@pytest.mark.parametrize(
    ("server", "index", "may_fail"),
    [
        ("postgresql", False, False),
        ("postgresql", True, False),
        ("mariadb", True, False),
        ("mariadb", False, True),
    ],
)
@isolate_apps("gallery")
def test_unrelated_saves_end_in_no_deadlock(
    request: Any, server: str, index: bool, may_fail: bool
) -> None:
    request.getfixturevalue(server)
    tables = request.getfixturevalue("tables")

    class Row(models.Model):
        file = MediaField(kind="any", delete_orphans=True, db_index=index)
        title = models.CharField(max_length=10)

        class Meta:
            app_label = "gallery"

    tables(Row)
    names = [f"{str(uuid.uuid4()).replace('-', '/')}/a.txt/a.txt" for _ in range(ROWS)]
    Row.objects.bulk_create([Row(file=name) for name in names])
    failed = sum(at_once([partial(copy_rows, Row, number) for number in range(THREADS)]))
    assert bool(failed) is may_fail
    assert Row.objects.count() == ROWS + THREADS * SAVES - failed
