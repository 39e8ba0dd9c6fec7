"""The page for contributors: its paths exist, and its tables are those of the scripts."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.support.servers import ROOT

PAGE = (ROOT / "CONTRIBUTING.rst").read_text()
PATHS = sorted(set(re.findall(r"``([\w.-]+(?:/[\w.-]*)+|\w+\.(?:py|rst|toml))``", PAGE)))
STEPS = (ROOT / ".ci" / "steps.sh").read_text()


def column(header: str) -> list[str]:
    """Return the literals in the first column of the table with this header."""
    rows = re.search(rf"^=+ =+\n{header} .*\n(?P<border>=+) =+\n(?P<rows>(?:.*\n)+?)=", PAGE, re.M)
    assert rows is not None
    cells = (row[: len(rows["border"])] for row in rows["rows"].splitlines())
    return [literal for cell in cells for literal in re.findall(r"``([^`]+)``", cell)]


@pytest.mark.parametrize("path", PATHS)
def test_each_path_on_the_page_exists(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "django_shift_media" / path).exists()


def test_the_debian_packages_are_those_that_the_script_installs() -> None:
    (packages,) = re.findall(r'local packages="([^"]+)"', STEPS)
    assert sorted(" ".join(column("Debian packages")).split()) == sorted(packages.split())


def test_the_steps_are_those_of_the_script() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    described = re.findall(r"^#   (\w+) +\w", script, re.MULTILINE)
    assert column("step") == described
    assert all(f"step_{step}()" in STEPS for step in described)


def test_the_hooks_run_the_linters_of_the_script() -> None:
    (step,) = re.findall(r"^step_lint\(\) \{\n(.*?)^\}", STEPS, re.MULTILINE | re.DOTALL)
    linters = set(re.findall(r'bin/([\w-]+)"(?: (check|format))?', step))
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {hook["id"] for hook in hooks} == {"-".join(filter(None, each)) for each in linters}
    assert {hook["language"] for hook in hooks} == {"system"}


def test_the_versions_of_servers_are_those_that_the_script_installs() -> None:
    for requirement in re.findall(r"\b(?:s3rver@|ministack==)[\d.]+\d", PAGE):
        assert requirement in STEPS


def test_the_oldest_environment_has_the_minimum_versions() -> None:
    (command,) = re.findall(r"^install_oldest\(\) \{\n(.*?)^\}", STEPS, re.MULTILINE | re.DOTALL)
    requirements = map(Requirement, re.findall(r'"([\w-]+[=~]=[^"]+)"', command))
    installed = {each.name: next(iter(each.specifier)).version for each in requirements}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    used = ("heic", "jinja2", "jxl", "placeholders", "rest", "vips")
    for line in (*project["dependencies"], *(line for extra in used for line in extras[extra])):
        requirement = Requirement(line)
        minimum = next(iter(requirement.specifier)).version
        assert f"{installed[requirement.name]}.".startswith(f"{minimum}."), line
