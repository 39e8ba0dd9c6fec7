"""What documents ask of a newcomer: nothing is passed over, and what does not come is noticed."""

import re
from pathlib import Path

import pytest

from tests.support.instructions import compare, steps
from tests.support.servers import ROOT

DOCUMENT = """\
.. code-block:: console

   $ ls
   manage.py
   $ cd shop

.. code-block:: sh

    python manage.py check

.. code-block:: python
   :caption: shop/models.py

   from django.db import models

   class Photo(models.Model): ...

Then:

.. by hand: log in

* In a list:

  .. code-block:: python

     # settings.py
     DEBUG = True

.. code-block:: python

    DEBUG = "some other example"
"""
KEY = "0a1b2c3d/0a1b/0a1b/0a1b/0a1b2c3d4e5f"


def test_a_document_s_steps(tmp_path: Path) -> None:
    path = tmp_path / "document.rst"
    path.write_text(DOCUMENT)
    model = "from django.db import models\n\nclass Photo(models.Model): ...\n"
    assert [(*step,) for step in steps(path)] == [
        (f"{path}:3", "command", "ls", "manage.py\n"),
        (f"{path}:5", "command", "cd shop", ""),
        (f"{path}:9", "command", "python manage.py check", ""),
        (f"{path}:11", "file", "shop/models.py", model),
        (f"{path}:20", "by hand", "log in", ""),
        (f"{path}:24", "file", "settings.py", "# settings.py\nDEBUG = True\n"),
    ]


def test_the_tutorial_asks_for_nothing_that_is_not_followed() -> None:
    path = ROOT / "docs" / "tutorial.rst"
    tutorial = path.read_text()
    kinds = [step.kind for step in steps(path)]
    assert kinds.count("command") == len(re.findall(r"^ +\$ ", tutorial, re.M)) > 0
    blocks = re.findall(r"\.\. code-block:: (\S+)", tutorial)
    assert kinds.count("file") == len(blocks) - blocks.count("console") > 0
    assert kinds.count("by hand") == tutorial.count(".. by hand: ") > 0


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ("", "anything"),
        ("...\n4 copied (2.9 MB).\n", "100%\n\n4 copied (3.1\xa0MB).\n"),
        ("1  302   43 ms  KEY\n", "1  302  143 ms  KEY\n"),
        (
            f"{KEY}/24x24-fit-82-{32 * 'a'}.webp\n",
            f"{KEY.replace('a', 'f')}/24x24-fit-82-{32 * 'b'}.webp\n",
        ),
    ],
)
def test_what_comes_may_vary_in_names_and_numbers(shown: str, came: str) -> None:
    compare(shown, came)


@pytest.mark.parametrize(
    ("shown", "came"),
    [("done", ""), ("1  302   43 ms", "1  200   43 ms"), ("...\n4 copied", "4 copied\nbroken")],
)
def test_what_is_shown_and_does_not_come_is_noticed(shown: str, came: str) -> None:
    with pytest.raises(AssertionError, match="Expected"):
        compare(shown, came)
