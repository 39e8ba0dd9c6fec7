"""
Adapters for other packages, each imported only by projects that use it.

May import: everything but ``management``, ``diagnostics`` and ``aws``.
"""
