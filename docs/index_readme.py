"""
Print ``README.rst`` for a package index, which shows it without the files beside it.

    python docs/index_readme.py https://docs.example.com/ https://code.example.com/raw/0.2.0/

Links to pages of ``docs/`` lead to the built documentation, at the first URL; links to other files,
and the images, to files of the repository, at the second.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.rst"

# The target of a hyperlink or of an image, unless it is an absolute URL or a place on the page.
TARGET = re.compile(
    r"^(?P<before>\.\. (?:_[^:]+|image:|figure:): ?)(?!\w+:|#)(?P<target>\S+)$", re.MULTILINE
)


def for_index(readme: str, docs: str, files: str) -> str:
    """Return the text with absolute targets; both URLs end with a slash."""

    def absolute(match: re.Match[str]) -> str:
        target = match["target"]
        page = re.fullmatch(r"docs/(.+)\.rst", target)
        return match["before"] + (f"{docs}{page[1]}.html" if page else f"{files}{target}")

    return TARGET.sub(absolute, readme)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(re.match("https?://.+/$", url) for url in sys.argv[1:]):
        sys.exit(
            "usage: python docs/index_readme.py DOCUMENTATION FILES, two URLs that end with a slash"
        )
    sys.stdout.write(for_index(README.read_text(), *sys.argv[1:]))
