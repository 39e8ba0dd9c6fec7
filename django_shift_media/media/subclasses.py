"""Do something for a model and for its proxies and children, which are defined later."""

from collections.abc import Callable

from django.db import models
from django.db.models.signals import class_prepared


def for_each_class(
    model: type[models.Model], connect: Callable[[type[models.Model]], None]
) -> object:
    """
    Call ``connect()`` with a model, and with each subclass of it once that is defined.

    The latter ends when the returned object is released. Keep it as long as the model, and not
    longer: migrations define many models that are used only for a moment.
    """

    def connect_subclass(sender: type[models.Model], **kwargs: object) -> None:
        if issubclass(sender, model):
            connect(sender)

    connect(model)
    class_prepared.connect(connect_subclass)  # a weak reference
    return connect_subclass
