"""The tags ``resize``, ``picture``, ``img`` and ``srcset`` for Django templates."""

from django import template

from django_shift_media.media import html_tags

register = template.Library()
register.simple_tag(html_tags.resize)
register.simple_tag(html_tags.picture)
register.simple_tag(html_tags.img)
register.simple_tag(html_tags.srcset)
