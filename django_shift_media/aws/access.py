"""Who may do what by a bucket's policy: a pure function, and a cautious one."""

import re
from typing import Any

from django_shift_media.aws.documents import Document


def anyone_may(policy: Document, action: str, resource: str) -> bool:
    """
    Say whether a bucket policy lets everyone do something to "bucket/key".

    Conditions and the elements that begin with "Not" are not worked out: a statement that has
    one lets nobody do anything, and keeps everyone off what it denies.
    """
    statements = _listed(policy.get("Statement", []))
    matching = [
        (statement["Effect"], _is_conditional(statement))
        for statement in statements
        if _is_for_anyone(statement)
        and any(_matches(pattern, action) for pattern in _listed(statement.get("Action", "*")))
        and any(
            _matches(pattern.split(":::")[-1], resource)
            for pattern in _listed(statement.get("Resource", "*"))
        )
    ]
    denied = any(effect == "Deny" for effect, _ in matching)
    return not denied and ("Allow", False) in matching


def _is_for_anyone(statement: Document) -> bool:
    principal = statement.get("Principal", "*")
    return "*" in _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)


def _is_conditional(statement: Document) -> bool:
    return bool({"Condition", "NotAction", "NotPrincipal", "NotResource"} & statement.keys())


def _matches(pattern: str, text: str) -> bool:
    """Match as policies do: * is any text, ? any character, a slash among them."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
