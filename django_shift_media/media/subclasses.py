"""Do something for a model and for its proxies and children, which are defined later."""

from collections.abc import Callable

from django.db import models
from django.db.models.signals import class_prepared


def for_each_class(
    model: type[models.Model], connect: Callable[[type[models.Model]], None]
) -> None:
    """Call ``connect()`` with a model, and with each subclass of it once that is defined."""

    def connect_subclass(sender: type[models.Model], **kwargs: object) -> None:
        if issubclass(sender, model):
            connect(sender)

    connect(model)
    class_prepared.connect(connect_subclass, weak=False)
