"""
Whether links lead somewhere: ``python docs/check_links.py docs/_build``, after sphinx-build.

A link within the manual must lead to a file, and to an id in it. A link to elsewhere must be one
that can be asked for, and is listed; nothing is asked of the network.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, and the ids that others may lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in {"href", "src", "data"} and tag != "link":
                self.links.append(value or "")


def broken(folder: Path, elsewhere: set[str]) -> list[str]:
    """Return what is wrong, a line each; add the links that leave the manual to ``elsewhere``."""
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.scheme or parts.netloc:
                elsewhere.add(link)
                is_good = parts.scheme in {"http", "https"} and "." in parts.netloc
            else:
                id = unquote(parts.fragment)
                ids = pages[target].ids if target in pages else {id}
                is_good = target.is_file() and (not id or id in ids)
            if not is_good:
                found.append(f"{path.relative_to(folder.resolve())}: {link}")
    return found


if __name__ == "__main__":
    elsewhere: set[str] = set()
    lines = broken(Path(sys.argv[1]), elsewhere)
    print("Links to elsewhere:", *sorted(elsewhere), sep="\n  ")  # noqa: T201
    sys.exit("\n  ".join(["Broken links:", *lines]) if lines else 0)
