"""The gallery on S3, with a storage that does not wait long for what hangs when a test says so."""

from testproject.settings import *  # noqa: F403
from testproject.settings import STORAGES

STORAGES["media"]["BACKEND"] = "tests.support.faults.HurriedStorage"
