"""The tags ``resize``, ``picture``, ``img``, ``srcset`` and ``video`` for Django templates."""

import re
from typing import Any

from django import template
from django.template import Context, Node, TemplateSyntaxError, Variable, VariableDoesNotExist
from django.template.base import FilterExpression, Parser, Token

from django_shift_media.media import html_tags
from django_shift_media.media.bad_rows import MissingFile
from django_shift_media.media.files import MediaFile

register = template.Library()

_UNQUOTED_SIZE = re.compile("[0-9]+x[0-9]*")


class _FileExpression:
    """The expression for the file in a tag, such as ``user.profile.photo``."""

    def __init__(self, expression: FilterExpression) -> None:
        self.expression = expression

    def resolve(self, context: Context) -> Any:
        file = self.expression.resolve(context)
        if file is None or isinstance(file, MediaFile) or not self._leads_nowhere(context):
            return file
        return MissingFile(self.expression.token)

    def _leads_nowhere(self, context: Context) -> bool:
        """Return whether an object on the way is missing; false for a misspelled last name."""
        lookups = getattr(self.expression.var, "lookups", None) or ()
        # Django replaces a lookup that raises ObjectDoesNotExist by the text string_if_invalid,
        # which {% with %} and {% include %} then assign to a variable.
        engine = context.template.engine  # type: ignore[union-attr]  # set while rendering
        nothing = (None, "", engine.string_if_invalid)
        if owner := ".".join(lookups[:-1]):
            try:
                if Variable(owner).resolve(context) in nothing:
                    return True
            except VariableDoesNotExist:
                return True
        try:
            return bool(lookups) and self.expression.var.resolve(context) in nothing
        except VariableDoesNotExist:
            return False


def _register(tag: Any) -> None:
    register.simple_tag(tag)
    compile_tag = register.tags[tag.__name__]

    def compile_with_hint(parser: Parser, token: Token) -> Node:
        for bit in token.split_contents()[2:]:
            if _UNQUOTED_SIZE.fullmatch(bit):
                raise TemplateSyntaxError(
                    f'The size in {{% {tag.__name__} %}} needs quotes: "{bit}", not {bit}.'
                )
        node: Any = compile_tag(parser, token)
        node.args[:1] = [_FileExpression(argument) for argument in node.args[:1]]
        if "file" in node.kwargs:
            node.kwargs["file"] = _FileExpression(node.kwargs["file"])
        return node  # type: ignore[no-any-return]

    register.tag(tag.__name__, compile_with_hint)


for tag in (html_tags.resize, html_tags.picture, html_tags.img, html_tags.srcset, html_tags.video):
    _register(tag)
