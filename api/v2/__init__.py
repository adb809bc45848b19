"""Version 2 of the API: its operations, by what they are about, and the models of what is sent and answered.

Belongs here: from a caller's words to the door's requests, and from what the registry knows to answers. Does not belong
here: who may (api.gate, resources.access), rules of requests (the door), anything that runs (resources).
"""
