"""
Management commands and their base classes: parse options, call the other packages, report.

May import: everything.
"""
