"""Compare files for Terraform with the schema of its AWS provider."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "cases" / "terraform_aws.json").read_text()
)
# Of any resource: https://developer.hashicorp.com/terraform/language/meta-arguments
_META = {"depends_on", "lifecycle", "for_each"}
_PYTHON_TYPES = {"string": str, "number": int, "boolean": bool, "array": list, "map": dict}


def problems(*files: dict[str, Any]) -> list[str]:
    """Return what Terraform would refuse in the files of one folder."""
    names = {
        f"{type}.{name}"
        for file in files
        for kind, prefix in (("resource", ""), ("data", "data."))
        for type, resources in file.get(kind, {}).items()
        for name in resources
        for type in [f"{prefix}{type}"]
    }
    names |= {f"var.{name}" for file in files for name in file.get("variable", {})}
    found = []
    for file in files:
        for reference in re.findall(r"(?<!\$)\$\{([^}]+)\}", json.dumps(file)):
            if not any(re.search(rf"\b{re.escape(name)}\b", reference) for name in names) and (
                not reference.startswith(("each.", "for "))
            ):
                found.append(f"unknown reference {reference}")
        for type, resources in file["resource"].items():
            for name, body in resources.items():
                arguments = {key: value for key, value in body.items() if key not in _META}
                found += _of_block(arguments, SCHEMA[type], f"{type}.{name}")
    return found


def _of_block(body: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(body, dict):
        yield f"{path} is not a block"
        return
    for name, member in schema.items():
        if member.get("required") and name not in body:
            yield f"{path}.{name} is missing"
    for name, value in body.items():
        if name not in schema:
            yield f"{path}.{name} is unknown"
        else:
            yield from _of_member(value, schema[name], f"{path}.{name}")


def _of_member(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if "block" in schema:
        blocks = value if isinstance(value, list) else [value]
        if len(blocks) > 1 and not schema.get("many"):
            yield f"{path} may be there once"
        for block in blocks:
            yield from _of_block(block, schema["block"], path)
        return
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return  # an expression, of any type
    items = {"array": list, "map": dict.values}.get(schema["type"], lambda _: ())
    if type(value) is not _PYTHON_TYPES[schema["type"]]:
        yield f"{path} must be of the type {schema['type']}, not {value!r}"
    elif any(type(item) is not _PYTHON_TYPES[schema["of"]] for item in items(value)):
        yield f"{path} must have items of the type {schema['of']}, not {value!r}"
