"""The proxies that other tests put in between."""

import ssl
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.browsing import fetch
from tests.support.proxies import make_certificate, nginx


@pytest.mark.server
def test_nginx_answers_on_a_port_for_each_server(tmp_path: Path, live_server: Any) -> None:
    tls = make_certificate(tmp_path, "localhost", "127.0.0.1")
    proxy = f"proxy_pass {live_server.url}; proxy_set_header Host $http_host;"
    servers = (
        "location / { return 200 first; }",
        f"location / {{ {proxy} proxy_cache kept; proxy_cache_valid any 1m; }}",
        f"{tls.directives} location / {{ return 200 second; }}",
    )
    with nginx(*servers, http="proxy_cache_path cache keys_zone=kept:1m;") as ports:
        plain, cached, encrypted = ports
        assert fetch(f"http://127.0.0.1:{plain}/").body == b"first"
        assert fetch(f"http://127.0.0.1:{cached}/media/none").body == b"Not found.\n"
        context = ssl.create_default_context(cafile=tls.certificate)
        with urllib.request.urlopen(f"https://localhost:{encrypted}/", context=context) as answer:
            assert answer.read() == b"second"
