"""
Signals for metrics: sent for each resize that is made, and for each that fails.

Receivers run in the thread of the request and should be fast. Django logs their exceptions, which
have no further effect.
"""

from django.dispatch import Signal

# Sent after a resize was stored; the sender is the class of the storage. Arguments:
#   key            the key of the resize
#   storage        the alias of its storage in STORAGES; None for local disk without an alias
#   bytes          its size
#   milliseconds   the total time
#   parts          the milliseconds of each step: find, queue, fetch, decode, encode, put
resize_made = Signal()

# Sent after each failed request for a resize; the sender is the class of the storage. Arguments:
#   key            the key of the resize
#   storage        the alias of its storage, as above
#   cause          the exception: FileNotFoundError if the original does not exist,
#                  UnreadableImage, FileTooLarge, Busy, StorageUnavailable, MemoryError or
#                  ImproperlyConfigured
#   milliseconds   the time until the failure
resize_failed = Signal()
