"""The gallery with metrics."""

from testproject.settings import *  # noqa: F403
from testproject.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_shift_media.contrib.prometheus"]
ROOT_URLCONF = "tests.support.metrics_urls"
