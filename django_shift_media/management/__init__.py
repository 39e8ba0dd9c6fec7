"""
Management commands and what they share. Commands parse, call and report.

May import: everything.
"""
