"""Adapters for other packages, which must be installed to import one."""
