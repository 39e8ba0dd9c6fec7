"""
Signals for metrics: sent for each resize that is made, and for each that fails.

``contrib.prometheus`` and ``contrib.opentelemetry`` listen to them.

Receivers run in the thread of the request and should be fast. Django logs their exceptions, which
have no further effect.
"""

from django.dispatch import Signal

# Sent after a resize was stored; the sender is the class of the storage. Arguments:
#   key            the key of the resize
#   storage        the alias of its storage in STORAGES; None for local disk without an alias
#   bytes          its size
#   format         its format, such as "webp"
#   engine         the value of SHIFT_MEDIA_ENGINE
#   milliseconds   the total time
#   parts          the milliseconds of each step: find, queue, fetch, decode, encode, put. If
#                  resizes share a decode, the first one has its time
#   laps           the steps in order, each with the milliseconds from the beginning to its end
resize_made = Signal()

# Sent after each failed request for a resize; the sender is the class of the storage. Arguments:
#   key            the key of the resize
#   storage        the alias of its storage, as above
#   cause          the exception: FileNotFoundError if the original does not exist,
#                  UnreadableImage, FileTooLarge, Busy, StorageUnavailable, MemoryError or
#                  ImproperlyConfigured
#   format, engine as above; format is None if an original failed before any of its resizes
#   milliseconds   the time until the failure
resize_failed = Signal()

# Sent after the load of this process has changed: resizes and uploads that are decoded, or wait for
# it. The sender is the class of the pool. There are no arguments, because threads may send in
# another order than they change the load; generation.worker_pool.pool_load() returns it.
pool_changed = Signal()
