"""
Whether memory is short, which is not the fault of a file.

Libraries report a failed allocation in words of their own, and many of them in the same words as a
damaged file, such as "broken data stream". So what counts is whether the memory that an operation
needs can be allocated. Memory may be short because of ``ulimit -v``, or because Linux does not
overcommit (``vm.overcommit_memory=2``).
"""

import errno
import mmap
import os
import re
import resource
from pathlib import Path

# Libraries to load, threads and caches: what an operation needs whatever the size of the image.
_OVERHEAD = 128_000_000  # bytes
# Said by Python, the dynamic linker, Pillow, libwebp (1 and 2 are VP8_ENC_ERROR_OUT_OF_MEMORY and
# VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY), libavif, libheif, littlecms, libvips and C++.
_SHORTAGE = re.compile(
    r"out of memory|memory allocation|(?:cannot|can't|unable to) allocate|allocation failed|"
    r"insufficient memory|not enough memory|bad.alloc|failed to map segment|"
    r"can't start new thread|encoding error [12]\b",
    re.IGNORECASE,
)
# The limit of a container on Linux, by the version of control groups; "max" stands for none.
_CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
# libheif says the same of files that would take more memory than its own limit allows, and of those
# that declare a side of zero pixels.
_FAULT_OF_FILE = re.compile("limit|invalid image size", re.IGNORECASE)


def is_shortage(error: Exception, size: int = 0) -> bool:
    """Say whether an error is due to a shortage of memory, for an image of ``size`` bytes."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error)
    said_so = _SHORTAGE.search(text) and not _FAULT_OF_FILE.search(text)
    return bool(said_so) or not _can_allocate(size + _OVERHEAD)


def require_memory(size: int) -> None:
    """Raise ``MemoryError`` before a library that would end the process without this memory."""
    if not _can_allocate(size):
        raise MemoryError(f"{size:,} bytes of memory are not available.")


def memory_limit() -> int:
    """Return how many bytes of memory this process can have at most, whatever is in use."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        limits.append(soft)
    for path in _CONTAINER_LIMITS:
        if path.is_file() and (limit := path.read_text().strip()).isdigit():
            limits.append(int(limit))
    return min(limits)


def _can_allocate(size: int) -> bool:
    """Say whether the address space has room for so many bytes, without using any memory."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True
