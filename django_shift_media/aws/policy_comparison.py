"""
Compare policies by their meaning, as IAM reads them: pure functions.

Servers return the same policy in other forms: a string for a list of one, ``{"AWS": ["*"]}`` for
``"*"``, another order. The grammar and what is not case-sensitive in it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from typing import Any

from django_shift_media.aws.common import Document, as_list, statements_of

_ROOT_USER = re.compile(r"arn:[\w-]+:iam::([0-9]{12}):root")


def is_same_policy(one: Document | None, other: Document | None) -> bool:
    """Return whether two policies are equal to IAM."""
    if one is None or other is None:
        return one is other
    return _canonical_policy(one) == _canonical_policy(other)


def canonical_statement(statement: Document) -> Document:
    """
    Return a statement with all values as sorted lists, and names in lower case where IAM allows it.

    Elements whose values are texts, such as ``Sid`` and ``Effect``, stay as they are.
    """
    return {name: _canonical(name, value) for name, value in statement.items()}


def _canonical_policy(policy: Document) -> Document:
    statements = [canonical_statement(statement) for statement in statements_of(policy)]
    by_content = {json.dumps(statement, sort_keys=True): statement for statement in statements}
    return {**policy, "Statement": [by_content[content] for content in sorted(by_content)]}


def _canonical(name: str, value: Any) -> Any:
    if name in {"Action", "NotAction"}:
        return _sorted_texts(action.lower() for action in as_list(value))
    if name in {"Resource", "NotResource"}:
        return _sorted_texts(as_list(value))
    if name in {"Principal", "NotPrincipal"}:
        return _canonical_principal(value)
    if name == "Condition":
        return {operator: _canonical_condition(keys) for operator, keys in value.items()}
    return value


def _canonical_principal(principal: Any) -> Document:
    by_kind = principal if isinstance(principal, dict) else {"AWS": principal}
    return {
        kind: _sorted_texts(_ROOT_USER.sub(r"\1", name) for name in as_list(names))
        for kind, names in by_kind.items()
    }


def _canonical_condition(keys: Document) -> Document:
    return {key.lower(): _sorted_texts(as_list(value)) for key, value in keys.items()}


def _sorted_texts(values: Any) -> list[str]:
    texts = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
    return sorted(texts)
