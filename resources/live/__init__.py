"""What happens, as it happens: rows of events become messages, and one watcher a process sees new ones at once.

``messages`` says what a row is told as, ``watching`` finds new rows. Does not belong here: who may hear of what
(resources.access), connections (api).
"""
