"""Tags of what the commands make: pure functions."""

import re
from collections.abc import Mapping, Sequence

from django_shift_media.aws.common import Document

# What the services have in common:
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_KEY = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)
_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")


def parse_tags(values: Sequence[str], *, reserved: str = "") -> dict[str, str]:
    """Return tags of "KEY=VALUE" by their keys; raise ``ValueError`` for one that AWS refuses."""
    tags = {}
    for text in values:
        key, separator, value = text.partition("=")
        if not (separator and _KEY.fullmatch(key) and _VALUE.fullmatch(value)):
            raise ValueError(
                f"Invalid tag {text!r}. Use KEY=VALUE, such as 'Team=web': letters, digits, spaces"
                " and _.:/=+-@; a key cannot begin with 'aws:'."
            )
        if key == reserved:
            raise ValueError(f"The tag {key!r} marks what this command manages. Use another key.")
        tags[key] = value
    return tags


def tag_list(tags: Mapping[str, str]) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def merge_tags(current: Document | None, tags: Mapping[str, str]) -> Document:
    """Add tags to those that are there, in the form of S3's ``TagSet``."""
    return {"TagSet": tag_list({**_by_key(current), **tags})}


def remove_tags(current: Document | None, tags: Mapping[str, str]) -> Document | None:
    """Remove tags that have these values; return None if none is left."""
    kept = {key: value for key, value in _by_key(current).items() if tags.get(key) != value}
    return {"TagSet": tag_list(kept)} if kept else None


def is_same_tags(one: Document | None, other: Document | None) -> bool:
    return _by_key(one) == _by_key(other)


def _by_key(document: Document | None) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in (document or {"TagSet": []})["TagSet"]}
