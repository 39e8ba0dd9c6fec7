"""
Management commands and their base classes: parse options, call the other rooms, report.

May import: everything.
"""
