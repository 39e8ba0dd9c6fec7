"""Requests and responses of MediaConvert as botocore describes them: names, types and values."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

Document = dict[str, Any]


class Refused(Exception):
    """A request that MediaConvert refuses with 400; the message says why."""


@cache
def service_model() -> Any:
    return botocore.session.get_session().get_service_model("mediaconvert")


def parse(operation: str, document: Document) -> Document:
    """
    Return the members of a request by the names that boto3 has for them.

    Raise ``Refused`` for unknown members, and for values that the model of the service does not
    list, such as those of enumerations, which boto3 does not check.
    """
    shape = service_model().operation_model(operation).input_shape
    parsed: Document = _parse(shape, document, operation)
    errors = ParamValidator().validate(parsed, shape)
    problems = [*_wrong_values(shape, parsed, operation)]
    if errors.has_errors():
        problems.append(errors.generate_report())
    if problems:
        raise Refused("; ".join(problems))
    return parsed


def serialize(operation: str, document: Document) -> Document:
    """Return a response as it is sent."""
    shape = service_model().operation_model(operation).output_shape
    sent: Document = _serialize(shape, document)
    return sent


def _parse(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
        if unknown := value.keys() - members.keys():
            raise Refused(f"{path} has unknown members: {', '.join(sorted(unknown))}")
        return {
            members[name][0]: _parse(members[name][1], each, f"{path}.{name}")
            for name, each in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_parse(shape.member, each, f"{path}[]") for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _parse(shape.value, each, f"{path}.{name}") for name, each in value.items()}
    return value


def _wrong_values(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, each in value.items():
            yield from _wrong_values(shape.members[name], each, f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for each in value:
            yield from _wrong_values(shape.member, each, f"{path}[]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, each in value.items():
            yield from _wrong_values(shape.value, each, f"{path}.{name}")
    elif value not in (values := getattr(shape, "enum", None) or [value]):
        yield f"{path} is {value!r}, must be one of: {', '.join(values)}"


def _serialize(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {
            shape.members[name].serialization.get("name", name): _serialize(
                shape.members[name], each
            )
            for name, each in value.items()
            if each is not None
        }
    if shape.type_name == "list":
        return [_serialize(shape.member, each) for each in value]
    if shape.type_name == "map":
        return {name: _serialize(shape.value, each) for name, each in value.items()}
    return value.timestamp() if isinstance(value, datetime) else value
