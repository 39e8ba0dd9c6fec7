"""
Videos: facts of uploads, and the renditions and posters that workers make of them.

Nothing here is imported unless a project has videos; the modules that import it do so when they
need it. May import: ``generation``, ``storages``, ``naming`` and what is below.
"""
