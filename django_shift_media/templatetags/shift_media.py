"""Tags for Django's templates."""

from django import template

from django_shift_media import markup

register = template.Library()
register.simple_tag(markup.resize)
register.simple_tag(markup.picture)
register.simple_tag(markup.img)
register.simple_tag(markup.srcset)
