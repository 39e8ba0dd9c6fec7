"""The example project, with forms for a photo and for a file of any kind."""

from testproject.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.direct_urls"
