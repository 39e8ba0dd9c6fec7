"""Settings of the gallery on S3, with a storage that can use short timeouts."""

from testproject.settings import *  # noqa: F403
from testproject.settings import STORAGES

STORAGES["media"]["BACKEND"] = "tests.support.faults.HurriedStorage"
