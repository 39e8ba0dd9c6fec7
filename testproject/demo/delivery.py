"""How a file reaches a browser: each request, its server, its time and its size."""

from django.core.cache import cache
from django.core.signing import BadSignature
from django.http import Http404

from django_shift_media.diagnostics.http_trace import follow
from django_shift_media.exceptions import InvalidKey, InvalidResize
from django_shift_media.naming.keys import is_original
from django_shift_media.naming.signing import unsign
from django_shift_media.storages.selection import media_storage


def measure(url, request):
    """Request a file twice and keep the figures; a resize is deleted first, so it is made anew."""
    storage = media_storage()
    key = url.removeprefix(storage.media_url)
    if not is_original(key):
        check_signature(key)
        storage.delete(key)
    address = request.build_absolute_uri(storage.public_url(key))
    views = [view(follow(address), request.get_host()) for _ in range(2)]
    cache.set(url, views, timeout=None)


def check_signature(key):
    try:
        unsign(key)
    except (BadSignature, InvalidKey, InvalidResize) as error:
        raise Http404("This is not the URL of one of our resizes.") from error


def view(hops, site):
    return {
        "hops": [
            {
                "server": "app" if hop.host == site else "bucket",
                "status": hop.status,
                "milliseconds": hop.milliseconds,
                "content_type": hop.content_type,
                "cache_control": hop.cache_control,
            }
            for hop in hops
        ],
        "milliseconds": sum(hop.milliseconds for hop in hops),
        "status": hops[-1].status,
        "bytes": len(hops[-1].body),
    }


def figures(url):
    """Return what is known about the delivery of a file, for the template ``delivery.html``."""
    return {
        "url": url,
        "file": url.rpartition("/")[2],
        "is_resize": not is_original(url.removeprefix(media_storage().media_url)),
        "views": cache.get(url, []),
    }
