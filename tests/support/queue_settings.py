"""The gallery with a queue: GALLERY_QUEUE is "database", "rq" or "celery"."""

import os
from urllib.parse import urlsplit

import django

from testproject.settings import *  # noqa: F403
from testproject.settings import DATABASES, INSTALLED_APPS

QUEUE = os.environ["GALLERY_QUEUE"]
REDIS = os.environ["GALLERY_REDIS"]
SHIFT_MEDIA_PRESETS = {
    "avatar": {"size": "96x96", "how": "fill", "format": "webp"},
    "card": {"widths": [400, 800]},
}
DATABASES["default"].setdefault("OPTIONS", {})["transaction_mode"] = "EXCLUSIVE"

if django.VERSION < (6, 0):
    INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks"]

if QUEUE == "database":
    INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

if QUEUE == "rq":
    INSTALLED_APPS = [*INSTALLED_APPS, "django_rq"]
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ_QUEUES = {"default": {"HOST": "127.0.0.1", "PORT": urlsplit(REDIS).port, "DB": 0}}

if QUEUE == "celery":
    SHIFT_MEDIA_ENQUEUE = "django_shift_media.contrib.celery.enqueue"
    CELERY_BROKER_URL = REDIS
    # What a dead worker had is given to another after 5 seconds instead of an hour, and that is
    # looked for every 10 seconds instead of 100.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 5, "unacked_restore_throttle": 1}
    CELERY_IMPORTS = ["django_shift_media.contrib.celery"]

    from celery import Celery

    app = Celery("tests.support.queue_settings")
    app.config_from_object("django.conf:settings", namespace="CELERY")
