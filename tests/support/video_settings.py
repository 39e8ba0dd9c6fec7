"""The settings of a site whose videos are enqueued in the process that stores them."""

from testproject.settings import *  # noqa: F403

SHIFT_MEDIA_ENQUEUE = "tests.support.video_queue.enqueue"
