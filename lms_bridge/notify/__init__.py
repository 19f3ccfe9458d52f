"""Telling people: once when something changes, in a daily summary, and never in a way that a run could fail by.

`news` is what runs and settings tell, `decide` says which of it is told now, `email`, `teams` and `webhook` send it,
`telling` puts them together with what the state remembers of what was told.
"""
