"""Calendars of other people (iCalendar, RFC 5545) → windows in which nothing is pushed.

What a calendar says is hostile until cleaned, and what it may have somebody compute has no bound: it is fetched, read
and expanded by a process of its own, which leaves what it found beside the state. Everybody else reads that.
"""
