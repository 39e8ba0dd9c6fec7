"""The site's Django project as a function on AWS Lambda, for the requests of CloudFront."""

import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver
from mangum import Mangum

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
application = get_asgi_application()
# Imported while the function starts, when it has a whole processor, and not by the first request.
get_resolver().url_patterns  # noqa: B018

handler = Mangum(application, lifespan="off")
