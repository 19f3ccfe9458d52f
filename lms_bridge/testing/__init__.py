"""What every connector must pass, for ours and for those of other people.

`contract` holds the suite (it needs pytest), `memory` a source and a destination that pass it, `sample` small items.
"""
