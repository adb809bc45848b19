"""The page: where somebody who has never heard of Dagster makes a song, hears it, changes it and compares.

Drawn on the server; what moves is a little JavaScript that asks the API, as any program would. ``views`` are its
addresses, ``visiting`` says who comes in, ``presenters`` put what is known into words and rows, ``forms`` read what is
sent, ``templates`` and ``static`` are what a browser gets.

Does not belong here: anything that a program could not do as well through the API's own operations.
"""
