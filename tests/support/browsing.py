"""Requests as a browser sends them, to hosts that are all on this machine."""

import http.client
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests

from tests.support.waiting import PATIENCE

# Whether all images of a page are there: for Playwright.
SHOWN = "() => [...document.images].every(image => image.complete)"


def patient(opening: Callable[..., Any]) -> Callable[..., Any]:
    """Have what a method of Playwright's opens, a context or a page, wait for long enough."""

    def open(**options: Any) -> Any:
        opened = opening(**options)
        opened.set_default_timeout(1000 * PATIENCE)
        return opened

    return open


class Response(NamedTuple):
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def fetch(url: str, method: str = "GET", **headers: str) -> Response:
    """Ask once, following nothing; every host is on this machine, whatever its name."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=PATIENCE)
    connection.request(method, parts.path, headers={"Host": parts.netloc, **headers})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Response(url, response.status, response.headers, body)


def follow(url: str, **headers: str) -> list[Response]:
    """Ask, and follow redirects as a browser does."""
    hops = [fetch(url, **headers)]
    while hops[-1].status in {301, 302, 307} and len(hops) < 20:
        target = urljoin(hops[-1].url, hops[-1].headers["Location"])
        hops.append(fetch(target, **headers))
    return hops


def upload(site: str, data: bytes, name: str) -> requests.Response:
    """Send a photo through the gallery's form, as a browser does."""
    session = requests.Session()
    session.get(site)
    return session.post(
        site,
        data={"csrfmiddlewaretoken": session.cookies["csrftoken"]},
        files={"photo": (name, data, "image/jpeg")},
        allow_redirects=False,
    )
