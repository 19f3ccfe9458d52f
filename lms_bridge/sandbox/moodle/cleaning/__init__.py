"""Moodle's HTML cleaner, step by step: lexing, balancing, nesting, attributes. `purifier.py` is its door.

Moodle cleans with HTML Purifier (http://htmlpurifier.org) set to XHTML 1.0 Transitional;
these modules do the same by their own means.
"""
