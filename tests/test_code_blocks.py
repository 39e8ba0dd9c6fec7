"""The code of the documents: it can be parsed, and names what there is; see test_documents, too."""

import ast
import importlib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hcl2
import pytest
import yaml
from django.contrib import admin
from django.core.checks import run_checks
from django.core.management import BaseCommand, get_commands, load_command_class
from django.test import modify_settings

from django_shift_media.conf import NAMES
from tests.support import shop_code
from tests.support.examples import DOCUMENTS, EXAMPLES, Example
from tests.support.key_pairs import make_key_pair
from tests.support.proxies import nginx
from tests.support.requirements import missing
from tests.support.servers import ROOT

TEMPLATES = {"html+django", "html+jinja"}  # which are rendered
# What a host has in its environment, and the settings of examples take from there.
ENVIRONMENT = {
    "MEDIA_BUCKET": "example-media",
    "MEDIA_CONCURRENCY": "2",
    "MEDIACONVERT_SECRET": "the-secret-of-a-test-that-is-long-enough",
    "MEDIA_KEY_ID": "K2JCJMDEHXQW5F",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": "the-key-of-a-test-that-is-long-enough-to-be-accepted",
}
# Of packages that are not among the apps of the tests.
OTHER_COMMANDS = {"db_worker": "django_tasks_db", "rqworker": "django_rq"}
OTHER_COMMANDS_BEFORE = {"generateimages"}  # what a guide moves away from


def names_of(example: Example) -> str:
    return f"{example.document.name}-{example.language}"


def check_python(code: str) -> None:
    """Whatever it imports has to be there."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


def check_nginx(code: str) -> None:
    http = "\n".join(line for line in code.splitlines() if line.startswith("proxy_cache_path"))
    with nginx(code.replace(http, ""), http=http):
        pass


def check_javascript(code: str, folder: Path) -> None:
    if shutil.which("node") is None:
        missing("node: apt-get install nodejs")
    module = folder / "worker.mjs"
    module.write_text(code)
    subprocess.run(["node", "--check", module], check=True)


def check_shell(code: str) -> None:
    subprocess.run(["bash", "-n"], input=code, text=True, check=True)


def check_console(code: str) -> None:
    """Commands stand after a prompt; below them stands what they say."""
    commands = re.findall(r"^\$ ((?:.*\\\n)*.*)", code, re.MULTILINE)
    assert commands
    check_shell("\n".join(commands))


CHECKS: dict[str, Callable[[str], Any]] = {
    "console": check_console,
    "json": json.loads,
    "nginx": check_nginx,
    "python": check_python,
    "sh": check_shell,
    "terraform": hcl2.loads,
    "yaml": lambda code: list(yaml.safe_load_all(code)),
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_is_found_and_of_a_language_that_is_checked(document: Path) -> None:
    examples = [example for example in EXAMPLES if example.document == document]
    assert document.read_text().count(".. code-block::") == len(examples)
    assert {example.language for example in examples} <= {*CHECKS, *TEMPLATES, "javascript"}


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, marks=[pytest.mark.server] * (example.language == "nginx"))
        for example in EXAMPLES
    ],
    ids=names_of,
)
def test_a_block_can_be_parsed(example: Example, tmp_path: Path) -> None:
    if example.language == "javascript":
        check_javascript(example.code, tmp_path)
    elif example.language not in TEMPLATES:
        CHECKS[example.language](example.code)


def is_settings(example: Example) -> bool:
    """Say whether an example is nothing but settings, and what they need."""
    if example.language != "python":
        return False
    body = ast.parse(example.code).body
    assigned = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return bool(assigned) and all(
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).isupper() for node in assigned
    )


@pytest.fixture
def _admin_as_before() -> Iterator[None]:
    """Apps that are installed for a test only would stay in the admin."""
    before = dict(admin.site._registry)
    yield
    admin.site._registry.clear()
    admin.site._registry.update(before)


@pytest.mark.parametrize("example", list(filter(is_settings, EXAMPLES)), ids=names_of)
@pytest.mark.usefixtures("_admin_as_before", "db")
def test_settings_are_good(
    example: Example, settings: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    if '"MEDIA_KEY"' in example.code:
        monkeypatch.setenv("MEDIA_KEY", make_key_pair(tmp_path).private)
    shop_code.install(monkeypatch, settings, tmp_path)
    shown: dict[str, Any] = {}
    exec(example.code, shown)
    for name in filter(str.isupper, shown):
        # Lists and storages are shown in part.
        before, value = getattr(settings, name, None), shown[name]
        if name in {"INSTALLED_APPS", "MIDDLEWARE", "TEMPLATES"}:
            value = [*before, *(item for item in value if item not in before)]
        elif name == "STORAGES":
            value = {**before, **value}
        setattr(settings, name, value)
    assert [message for message in run_checks() if message.is_serious()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
@pytest.mark.usefixtures("_admin_as_before")
def test_the_commands_of_a_document_take_its_options(document: Path) -> None:
    """Also those in the text; there, a name without arguments is but a name."""
    text = document.read_text()
    for name, arguments in re.findall(r"manage\.py ([a-z_]+)((?:[^\n`\\]|\\\n)*)", text):
        if name not in OTHER_COMMANDS_BEFORE:
            command = command_of(name)
            arguments = arguments.replace("\\\n", " ").partition(" > ")[0]
            if arguments.strip():
                command.create_parser("manage.py", name).parse_args(shlex.split(arguments))


def command_of(name: str) -> BaseCommand:
    if name in OTHER_COMMANDS:
        # Its models can be imported only where it is installed.
        with modify_settings(INSTALLED_APPS={"append": OTHER_COMMANDS[name]}):
            return load_command_class(OTHER_COMMANDS[name], name)
    app: Any = get_commands()[name]
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


def check_benchmarks(text: str) -> None:
    """Whatever a text names of the benchmarks has to be there, unless this is an sdist."""
    if (ROOT / "PKG-INFO").exists():
        return
    from benchmarks.__main__ import MEASUREMENTS

    for path in re.findall(r"\bbenchmarks/[\w./-]+\.\w+\b", text):
        assert (ROOT / path).exists(), path
    assert set(re.findall(r"python -m benchmarks ([\w-]+)", text)) <= set(MEASUREMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()
    for path in re.findall(r"\b(?:tests|docs|testproject)/[\w./-]+\.\w+\b", text):
        assert (ROOT / path).exists(), path
    check_benchmarks(text)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for code in re.findall(r'python -c "([^"]+)"', text):
        check_python(code)
    for extra in re.findall(r"django-shift-media\[(\w+)\]", text):
        assert extra in extras["optional-dependencies"]
    # A name that goes on with an asterisk stands for several.
    for setting in re.findall(r"\bSHIFT_MEDIA_[A-Z_]+[A-Z]\b", text):
        assert setting in NAMES, setting


RESPONSIVE = re.compile(r"{% (?:picture|img) [^%]*(?:widths=|\"hero\")")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_with_responsive_images_has_the_css_that_they_need(document: Path) -> None:
    text = document.read_text()
    assert not RESPONSIVE.search(text) or "height: auto" in text


def test_no_example_delays_an_image_that_is_urgent() -> None:
    tags = [tag for path in DOCUMENTS for tag in re.findall("{%.*?%}", path.read_text())]
    assert any("fetchpriority=" in tag for tag in tags)
    assert not [tag for tag in tags if "loading=" in tag and "fetchpriority=" in tag]


DRAWINGS = [path for path in ROOT.glob("docs/**/*.svg") if "_build" not in path.parts]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_can_be_seen_on_pages_light_and_dark(drawing: Path) -> None:
    root = ElementTree.parse(drawing).getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{name}svg"
    background = root.find(f"{name}rect")
    assert background is not None
    assert [background.get(key) for key in ("width", "height")] == [
        root.get(key) for key in ("width", "height")
    ]


def test_the_page_of_the_commands_is_what_their_parsers_say() -> None:
    script = ROOT / "docs" / "commands.py"
    spec = importlib.util.spec_from_file_location("commands", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "reference" / "commands.rst").read_text()
    assert page == module.page(), f"python {script} > docs/reference/commands.rst"


def test_the_page_of_the_settings_has_each() -> None:
    page = (ROOT / "docs" / "reference" / "settings.rst").read_text()
    assert set(re.findall(r"^``(SHIFT_MEDIA_\w+)``", page, re.MULTILINE)) == set(NAMES)


def test_the_page_of_the_checks_has_each() -> None:
    page = (ROOT / "docs" / "reference" / "checks.rst").read_text()
    code = "".join(path.read_text() for path in ROOT.glob("django_shift_media/**/*.py"))
    ids = r'id="(shift_media\.[EW][0-9]{3})"'
    assert set(re.findall(r"^``(shift_media\.\w+)``", page, re.MULTILINE)) == set(
        re.findall(ids, code)
    )


def test_the_page_of_the_diagnoses_has_each() -> None:
    page = (ROOT / "docs" / "howto" / "diagnose.rst").read_text()
    code = "".join(path.read_text() for path in ROOT.glob("django_shift_media/**/*.py"))
    documented = set(re.findall(r"^``([a-z0-9-]+)`` ", page, re.MULTILINE))
    assert set(re.findall(r'\bid="([a-z0-9]+(?:-[a-z0-9]+)+)"', code)) <= documented
    assert all(f'"{id}"' in code for id in documented - {"--site", "--json"})
