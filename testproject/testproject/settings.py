"""
A small photo gallery: SQLite and local disk, or others by environment variables.

GALLERY_S3_BUCKET         the bucket; without it, photos are kept on local disk
GALLERY_S3_REGION         its region (default: us-east-1)
GALLERY_S3_ENDPOINT_URL   the server, if it is not AWS
GALLERY_S3_PUBLIC_URL     where the bucket's website is seen, if it is not AWS's endpoint
GALLERY_S3_MODE           who serves it: website (the default), failover or app
GALLERY_S3_PRIVATE        any text: originals are private, and their URLs are signed for an hour
GALLERY_STORAGE           another media storage: its entry in STORAGES, as JSON
GALLERY_DIRECT            any text: browsers send files straight to the storage
GALLERY_POLICY            the Content-Security-Policy of all pages (default: none)
GALLERY_CACHE             redis://HOST:PORT or db://TABLE; without it, each process has its own
GALLERY_CONCURRENCY       how many resizes a process makes at a time (default: the processors)
GALLERY_MEDIA_THREADS     how many threads of a process wait for media (default: by the server)
GALLERY_MAX_RESPONSE      how many bytes the view returns at most (default: any)
GALLERY_PATIENCE          seconds to wait for S3, locks, other requests and SQLite (default: theirs)
GALLERY_LOCK_SECONDS      seconds for which a lock outlives a process (default: as long)
GALLERY_POSTGRESQL        the database, with PGHOST and others as everywhere; without it, SQLite
GALLERY_MARIADB           the socket of a server with the database “gallery”; without it, SQLite
GALLERY_DATA              the folder of the database and of local photos (default: testproject/data)
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   as everywhere
"""

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("GALLERY_DATA", BASE_DIR / "data"))
DATA.mkdir(exist_ok=True)

SECRET_KEY = os.environ.get("SECRET_KEY", "the-key-of-a-test-project-that-is-no-secret-at-all")
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "testproject.urls"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_shift_media",
    "django_shift_media.contrib.reports",
    "gallery",
    "album",
    "cinema",
    "demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_shift_media.middleware.StorageUnavailableMiddleware",
    "django_shift_media.middleware.direct_uploads",
    "gallery.middleware.content_security_policy",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "db.sqlite3"}}
if database := os.environ.get("GALLERY_POSTGRESQL"):
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": database}}
elif database := os.environ.get("GALLERY_MARIADB"):
    import pymysql

    pymysql.install_as_MySQLdb()
    mariadb = {"ENGINE": "django.db.backends.mysql", "NAME": "gallery", "USER": "root"}
    DATABASES = {"default": {**mariadb, "HOST": database}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# Of test users only: Django's own hasher takes a third of a second for each.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = DATA / "media"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if bucket := os.environ.get("GALLERY_S3_BUCKET"):
    STORAGES["media"] = {
        "BACKEND": "django_shift_media.storages.s3.S3MediaStorage",
        "OPTIONS": {
            "bucket_name": bucket,
            "region_name": os.environ.get("GALLERY_S3_REGION", "us-east-1"),
            "endpoint_url": os.environ.get("GALLERY_S3_ENDPOINT_URL"),
            "public_url": os.environ.get("GALLERY_S3_PUBLIC_URL"),
            "mode": os.environ.get("GALLERY_S3_MODE", "website"),
            "querystring_auth": bool(os.environ.get("GALLERY_S3_PRIVATE")),
        },
    }
    SHIFT_MEDIA_STORAGE = "media"

if entry := os.environ.get("GALLERY_STORAGE"):
    STORAGES["media"] = json.loads(entry)
    SHIFT_MEDIA_STORAGE = "media"

if limit := os.environ.get("GALLERY_MAX_RESPONSE"):
    SHIFT_MEDIA_MAX_RESPONSE_BYTES = int(limit)

# For tests, on machines that are busy with other work.
GALLERY_PATIENCE = int(os.environ.get("GALLERY_PATIENCE", "0"))
GALLERY_LOCK_SECONDS = int(os.environ.get("GALLERY_LOCK_SECONDS", GALLERY_PATIENCE))
if GALLERY_PATIENCE:
    INSTALLED_APPS.append("testproject.patience.PatienceConfig")
if GALLERY_PATIENCE and not database:
    DATABASES["default"]["OPTIONS"] = {"timeout": GALLERY_PATIENCE}

if (cache := os.environ.get("GALLERY_CACHE", "")).startswith("redis://"):
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": cache}
    }
elif cache.startswith("db://"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": cache.removeprefix("db://"),
        }
    }

SHIFT_MEDIA_PRESETS = {
    "tile": {
        "size": "240x240",
        "how": "fill",
        "format": "webp",
        "upscale": True,
        "densities": "1,2",
    },
    "large": {"size": "800x800", "densities": "1,2", "formats": "avif,webp,jpg"},
}

GALLERY_POLICY = os.environ.get("GALLERY_POLICY")

if concurrency := os.environ.get("GALLERY_CONCURRENCY"):
    SHIFT_MEDIA_CONCURRENCY = int(concurrency)

if threads := os.environ.get("GALLERY_MEDIA_THREADS"):
    SHIFT_MEDIA_THREADS = int(threads)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_shift_media": {"handlers": ["console"], "level": "INFO"}},
}
