"""
A missing resize is generated once, however many clients ask for it.

May import: ``storages``, ``engines``, ``naming`` and what is below.
"""
