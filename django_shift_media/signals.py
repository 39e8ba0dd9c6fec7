"""
What a site may count: each resize that is made, and each that cannot be.

Nothing depends on what receivers do: what they raise is logged by Django and goes no further.
They run in the thread of the request, so they should be quick.
"""

from django.dispatch import Signal

# Sent by the class of the storage once a resize is stored, with
#   key            the name under which it is stored
#   bytes          its size
#   milliseconds   the time it took, of which
#   parts          are the milliseconds of each part: find, queue, fetch, decode, encode, put
resize_made = Signal()

# Sent by the class of the storage once for each attempt to make or give one that fails, with
#   key            the name under which it would have been stored
#   cause          the exception: FileNotFoundError if the original is gone, UnreadableImage,
#                  FileTooLarge, Busy, StorageUnavailable or MemoryError
#   milliseconds   the time until it failed
resize_failed = Signal()
