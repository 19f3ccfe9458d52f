"""What every connector must pass, for ours and for those of other people.

`contract` holds the suite (it needs pytest), `memory` a destination that passes it, `memory_source` a source for tests,
`sample` small items.
"""
