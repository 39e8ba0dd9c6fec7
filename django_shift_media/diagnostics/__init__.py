"""
What ``check_media`` does: send requests as a browser does, and name what is wrong.

May import: ``aws``, ``engines``, ``storages`` and what is below.
"""
