"""The inbox: a folder, or a prefix of a bucket, into which anybody puts files of requests.

``rows`` reads such a file, ``asking`` makes a request of a row, ``folder`` knows the place, ``taking`` puts the rows
through the door and answers beside the file. Nothing here is Dagster's: the sensor "inbox" calls ``taking``.
"""
