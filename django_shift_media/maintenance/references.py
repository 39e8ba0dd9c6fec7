"""A table of the names in rows, in constant memory."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from django_shift_media.media.references import Column


class NameTable:
    """
    A table of names, each with a value, in a temporary file, so that memory use is constant.

    Names are sorted by bytes, independent of the collations of the databases. The first value of
    a name is kept.
    """

    def __init__(self) -> None:
        # A SQLite database without a name is a temporary file, deleted when it is closed.
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE names (name TEXT PRIMARY KEY, value TEXT, is_found INT DEFAULT 0)"
            " WITHOUT ROWID"
        )

    def __enter__(self) -> "NameTable":
        return self

    def __exit__(self, *args: object) -> None:
        self._database.close()

    def add(self, names: Iterable[tuple[str, str]]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO names (name, value) VALUES (?, ?)", names)

    def add_columns(self, columns: Iterable[Column]) -> None:
        """Add the names in all rows; the value is the column."""
        for column in columns:
            self.add((name, str(column)) for name in column.names())

    def mark_found(self, names: Sequence[str]) -> set[str]:
        """Mark those of the names that the table has as found, and return them."""
        found = {name for name, _ in self.find(names)}
        self._database.executemany("UPDATE names SET is_found = 1 WHERE name = ?", zip(found))
        return found

    def find(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Return those of the names that the table has, with their values."""
        placeholders = ", ".join("?" * len(names))
        query = f"SELECT name, value FROM names WHERE name IN ({placeholders})"  # noqa: S608
        return self._database.execute(query, names).fetchall()

    def owners(self, names: Sequence[str]) -> dict[str, str]:
        """Return the values of those of the names that the table has."""
        return dict(self.find(names))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return self._database.execute("SELECT name, value FROM names ORDER BY name")

    def not_found(self) -> Iterator[tuple[str, str]]:
        """Yield the names that were never marked as found, with their values."""
        return self._database.execute(
            "SELECT name, value FROM names WHERE is_found = 0 ORDER BY name"
        )

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM names").fetchone()[0])
