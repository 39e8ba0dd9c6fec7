"""Sphinx: ``sphinx-build -W docs docs/_build``."""

import django_shift_media

project = "django-shift-media"
author = "the authors of django-shift-media"
release = version = django_shift_media.__version__
extensions = ["sphinx_copybutton"]
html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["diagrams.css"]
exclude_patterns = ["_build"]
# Broken references are errors.
nitpicky = True
# Except those in signatures to classes of Python, Django and Pillow, which are short there.
nitpick_ignore_regex = [("py:class", r"(models\.|Image\.)?\w+")]
# The copy button leaves prompts out.
copybutton_prompt_text = "$ "
highlight_language = "none"
