"""Housekeeping: what nobody needs any more goes, what is still needed stays, and both are told.

``partitions`` keeps Dagster's list short, ``runs`` its event log, ``survey`` says what the registry needs of the
store, ``collecting`` frees the rest, ``budgets`` says who takes how much. Each can be run dry: it tells and does
nothing. What goes at once when a version is archived or deleted is in resources.lifecycle.
"""
