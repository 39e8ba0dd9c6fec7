"""
The management commands, one module each: parse options, call another package, report.

May import: everything.
"""
