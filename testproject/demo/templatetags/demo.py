from django import template

from demo.delivery import figures

register = template.Library()


@register.inclusion_tag("demo/delivery.html")
def delivery(url):
    """Show how a file reached the browser the first and the second time."""
    return figures(url)
