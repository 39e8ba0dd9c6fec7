"""
Generate the pages of the public API and of the exceptions from the source code.

Run ``python docs/public_api.py api > docs/reference/api.rst`` and
``python docs/public_api.py exceptions > docs/reference/exceptions.rst``; a test compares them.
"""

import ast
import copy
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

from django_shift_media import public_api

_PACKAGE = Path(public_api.__file__).parent
# Documented methods that projects do not call.
_INTERNAL = {"MediaStorage.stand_in", "Picture.from_layouts", "Placeholder.from_image"}
_MODULE_OF = {name: module for module, names in public_api.PUBLIC_API.items() for name in names}
_WIDTH = 100

_API_INTRODUCTION = """\
This page lists all public names. Methods that have no description here are private, or are those of
a base class of Django. :doc:`exceptions` has a page of its own, and so have the template tags
(:doc:`templates`), the settings (:doc:`settings`) and the management commands (:doc:`commands`).
"""
_EXCEPTIONS_INTRODUCTION = """\
All exceptions of the package are in ``django_shift_media.exceptions`` and have one base class.
Those that report an invalid value are also a ``ValueError``::

"""
# What raises each exception, and what the view answers to a request that raises it.
_RAISED: dict[str, tuple[str, str]] = {
    "InvalidKey": (
        "by ``MediaFile.resize()`` and ``MediaFile.picture()``, for a row whose name is not the key"
        " of an upload, for example because the file was stored by a ``FileField`` before"
        " (:doc:`/howto/move-from-imagefield`). By the template tags, if ``SHIFT_MEDIA_STRICT`` is"
        " set (:ref:`bad-rows`). By the view, for a URL that is not the URL of a resize.",
        "404",
    ),
    "InvalidMetadata": (
        "by ``MediaFile.resize()``, ``MediaFile.picture()``, ``MediaFile.focal_point`` and"
        " ``MediaFile.placeholder``, for a row whose fields have values that no upload has made,"
        ' such as the focal point "centre" (:ref:`bad-rows`). By the template tags, if'
        " ``SHIFT_MEDIA_STRICT`` is set.",
        "every request without reading a row, so it never raises this",
    ),
    "InvalidResize": (
        "by ``MediaFile.resize()``, ``MediaFile.picture()`` and the template tags, for an unknown"
        " or invalid option, an unknown preset, or a file that is not an image. By the view, for a"
        " resize that is not of a preset while ``SHIFT_MEDIA_PRESETS_ONLY`` is set, and for one"
        " that is missing and has an outdated step (:doc:`/howto/steps`).",
        "404",
    ),
    "UnacceptableFile": (
        "as one of the two classes below. Catch it around ``save()`` if no form, serializer or"
        " ``full_clean()`` has validated the file before; these raise ``ValidationError`` with the"
        " same message instead. If the view remembers a failure, it raises this class.",
        "422, with the message. The failure is remembered for an hour",
    ),
    "UnreadableImage": (
        "by ``save()`` and ``MediaFile.measure()``, for a file that is not an image in one of"
        " ``SHIFT_MEDIA_FORMATS``, or that is damaged. By the view, if that is true of an original,"
        " for example after ``SHIFT_MEDIA_FORMATS`` has changed.",
        "422, as for ``UnacceptableFile``",
    ),
    "UnreadableVideo": (
        'by ``save()`` and ``MediaFile.measure()`` of a field with ``kind="video"``, for a file'
        " that is not a video in an accepted format. Workers raise it for a file that cannot be"
        " decoded; the state of the row then has the reason (:doc:`/howto/video`).",
        "422, as for ``UnacceptableFile``",
    ),
    "FileTooLarge": (
        "by ``save()`` and ``MediaFile.measure()``, for a file above ``max_bytes`` of the field,"
        " ``SHIFT_MEDIA_MAX_BYTES``, ``SHIFT_MEDIA_MAX_PIXELS``, ``SHIFT_MEDIA_MAX_FRAMES`` or, for"
        " a video, ``SHIFT_MEDIA_VIDEO_MAX_BYTES`` and the settings below it. By"
        " the view, for such an original, and for a resize that would have too many pixels.",
        "422, as for ``UnacceptableFile``",
    ),
    "StepFailed": (
        "by the view, and by ``make_missing()``, if a step of ``SHIFT_MEDIA_STEPS`` raises an"
        " exception, or returns anything but an image of the right size and mode"
        " (:doc:`/howto/steps`). The exception of the step is its ``__cause__``.",
        "503, with ``Retry-After: 60``. The failure is remembered for a minute",
    ),
    "UploadRefused": (
        "by ``save()``, for a file that a function of ``SHIFT_MEDIA_UPLOAD_VALIDATORS`` refuses or"
        " could not check (:doc:`/howto/scan-uploads`). The message is that of the function.",
        "every request without calling these functions, so it never raises this",
    ),
    "Busy": (
        "by the view, if the queue of this process is full, or if a request has waited too long in"
        " it or for another process (:doc:`/explanation/concurrency-and-memory`). Uploads wait"
        " instead.",
        "503, with ``Retry-After: 2``",
    ),
    "NotReady": (
        "by the view, if a worker has to make the poster or rendition of a video first"
        " (:doc:`/howto/video`). It is enqueued.",
        "503, with ``Retry-After: 10``",
    ),
    "StorageUnavailable": (
        "by everything that reads, writes or deletes a file, such as ``save()``. The exception of"
        " the backend, such as boto3's, is its ``__cause__``. ``StorageUnavailableMiddleware``"
        " answers 503 for views that raise it (:doc:`/explanation/error-handling`).",
        "503, with ``Retry-After: 10``",
    ),
}
_EXCEPTIONS_CONCLUSION = """\
Exceptions of Django and Python
-------------------------------

The package also raises these:

``django.core.signing.BadSignature``
    By the view, for a URL that this site has not signed; also by tasks that generate resizes. The
    view answers 404.
``FileNotFoundError``
    For a file that is not in the storage. If the original of a resize is missing, the view answers
    404, and remembers it for a minute. Saving a row raises it for a file that ``delete_orphans``
    may have deleted meanwhile; the message says what to do.
``django.core.exceptions.ValidationError``
    By forms, serializers and ``full_clean()``, for a file that ``save()`` would refuse.
``django.core.exceptions.ImproperlyConfigured``
    For an invalid setting or storage option, and by the engine, for a format whose package is not
    installed. ``manage.py check`` reports these before the site starts (:doc:`checks`). The view
    answers 503, with ``Retry-After: 60``.
``ValueError``
    By the methods and properties of ``MediaFile`` that need a file, if the field is empty. The
    template tags render nothing then.
``MemoryError``
    By the engine, if memory is short, whatever a library says then. The view answers 503, as for
    ``Busy``, and forms ask to try again later.

The view answers every one of its errors with a status; :doc:`http-responses` lists them all.
"""


def api_page() -> str:
    introduction, policy, *others = (public_api.__doc__ or "").strip().split("\n\n")
    policy = policy.removeprefix("Deprecation policy: ")
    lines = [*_heading("Python API", "="), introduction, "", _API_INTRODUCTION]
    lines += [*_heading("Deprecation policy", "-"), policy[0].upper() + policy[1:], ""]
    for paragraph in others:
        lines += [paragraph, ""]
    for module, names in public_api.PUBLIC_API.items():
        if module != "exceptions":
            lines += _module(module, names)
    return _text(lines)


def exceptions_page() -> str:
    classes = [_class_named(name) for name in public_api.PUBLIC_API["exceptions"]]
    lines = [*_heading("Exceptions", "="), _EXCEPTIONS_INTRODUCTION]
    lines += [*_indent(_tree(classes, "Exception")), ""]
    lines += [".. py:module:: django_shift_media.exceptions", ""]
    for node in classes:
        lines += [f".. py:exception:: {node.name}", "", *_indent(_docstring(node)), ""]
        raised, answer = _RAISED.get(node.name, ("", ""))
        if raised:
            paragraph = f"Raised {raised} The view answers {answer}."
            lines += [*_indent(textwrap.wrap(paragraph, _WIDTH - 3, break_on_hyphens=False)), ""]
    return _text([*lines, _EXCEPTIONS_CONCLUSION])


def _tree(classes: list[ast.ClassDef], base: str) -> Iterator[str]:
    for node in classes:
        first, *others = (ast.unparse(item) for item in node.bases)
        if first == base:
            yield f"{node.name} ({', '.join(others)})" if others else node.name
            yield from _indent(_tree(classes, node.name))


# -- modules and their members -------------------------------------------------------------------


def _module(name: str, names: tuple[str, ...]) -> Iterator[str]:
    path = f"django_shift_media.{name}"
    yield from _heading(f"``{path}``", "-")
    yield from (f".. py:module:: {path}", "", *_docstring(_parse(name)), "")
    for public in names:
        yield from _public(public, _find(name, public), name)


def _public(name: str, node: ast.stmt, module: str) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        inits = [item for item in _functions(node) if item.name == "__init__"]
        yield from _directive("class", name + "".join(map(_signature, inits)), _docstring(node))
        for attribute in node.body if _has_fields(node) else ():
            if isinstance(attribute, ast.AnnAssign):
                target = ast.unparse(attribute.target)
                option = f":type: {_annotation(attribute.annotation)}"
                yield from _indent(_directive("attribute", target, [], option))
        for function in _functions(node):
            if not function.name.startswith("_") and f"{name}.{function.name}" not in _INTERNAL:
                yield from _indent(_method(function))
    elif isinstance(node, ast.FunctionDef):
        yield from _directive("function", name + _signature(node), _docstring(node))
    else:
        yield from _directive("data", name, _comment_above(module, node))


def _method(node: ast.FunctionDef) -> Iterator[str]:
    """Yield the description of a method or property, if it has a docstring."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    is_setter = any(decorator.endswith(".setter") for decorator in decorators)
    if is_setter or not (text := _docstring(node)):
        return
    if decorators & {"property", "cached_property"}:
        option = f":type: {_annotation(node.returns)}" if node.returns else ""
        yield from _directive("property", node.name, text, option)
    else:
        option = ":classmethod:" if "classmethod" in decorators else ""
        yield from _directive("method", node.name + _signature(node), text, option)


def _directive(kind: str, argument: str, body: Iterable[str], option: str = "") -> Iterator[str]:
    yield f".. py:{kind}:: {argument}"
    yield from _indent(filter(None, [option]))
    yield from ("", *_indent(body), "")


def _has_fields(node: ast.ClassDef) -> bool:
    """Return whether the annotations in the body of a class are those of a dataclass."""
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def _functions(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [item for item in node.body if isinstance(item, ast.FunctionDef)]


# -- signatures ----------------------------------------------------------------------------------


def _signature(node: ast.FunctionDef) -> str:
    """Return the arguments, without ``self`` or ``cls``, and the type that is returned."""
    arguments = copy.deepcopy(node.args)
    if arguments.args and arguments.args[0].arg in {"self", "cls"}:
        del arguments.args[0]
    text = ast.unparse(_Annotations().visit(arguments))
    returns = f" -> {_annotation(node.returns)}" if node.returns else ""
    return f"({text}){'' if node.name == '__init__' else returns}"


def _annotation(node: ast.expr) -> str:
    return ast.unparse(_Annotations().visit(ast.Expr(copy.deepcopy(node))))


class _Annotations(ast.NodeTransformer):
    """Spell annotations as Sphinx reads them: unquoted, and with a path to public classes."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        if node.annotation:
            node.annotation = self.visit(ast.Expr(node.annotation)).value
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value = ast.parse(node.value.value, mode="eval").body
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in _MODULE_OF:
            path = f"~django_shift_media.{_MODULE_OF[node.id]}.{node.id}"
            return ast.parse(path, mode="eval").body
        return node


# -- source code ---------------------------------------------------------------------------------


@cache
def _parse(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text())


def _path(module: str) -> Path:
    path = _PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _class_named(name: str) -> ast.ClassDef:
    node = _find("exceptions", name)
    assert isinstance(node, ast.ClassDef)
    return node


def _find(module: str, name: str) -> ast.stmt:
    """Return the statement that defines a name, also if the module only imports the name."""
    for node in _parse(module).body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return _find(str(node.module).removeprefix("django_shift_media."), name)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node
    raise LookupError(f"{module} has no {name}")


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> list[str]:
    return (ast.get_docstring(node) or "").splitlines()


def _comment_above(module: str, node: ast.stmt) -> list[str]:
    """Return the comment above an assignment; its indented part is a table."""
    above = _path(module).read_text().splitlines()[: node.lineno - 1]
    comment = list(takewhile(lambda line: line.startswith("#"), reversed(above)))
    lines = [line[2:] for line in reversed(comment)]
    text = [line for line in lines if not line.startswith(" ")]
    return [*text[:-1], f"{text[-1]}:", "", *(line for line in lines if line.startswith(" "))]


# -- reStructuredText ----------------------------------------------------------------------------


def _heading(text: str, underline: str) -> list[str]:
    return [text, underline * len(text), ""]


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"   {line}" if line else "" for line in lines)


def _text(lines: Iterable[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


PAGES: dict[str, Callable[[], str]] = {"api": api_page, "exceptions": exceptions_page}

if __name__ == "__main__":
    print(PAGES[sys.argv[1]](), end="")  # noqa: T201
