"""Render the cheapest signed URL: a tag that only joins strings and computes one HMAC."""

import hashlib
import hmac
from typing import Any

from django import template

register = template.Library()


@register.simple_tag
def floor(file: Any, size: str, how: str) -> str:
    text = f"{file.name}/{size}-{how}"
    return f"/media/{text}-{hmac.new(b'k' * 32, text.encode(), hashlib.sha256).hexdigest()}"
