"""The audit trail: who changed what and when, in lines of which each one holds the line before it.

Apart from the state's own history, which is trimmed and looked into: a line of the trail is never changed nor removed.
`line` is its form and `chain` says whether nothing was taken out of it, `actor` who acts; `sync.state_trail` keeps it.
"""
