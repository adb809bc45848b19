"""The providers on this machine: every paid API the system speaks to, over real HTTP, answered by the built-in engine.

Belongs here: servers written from the providers' own documents, their accounts and bills, and the ways in which they
can be told to misbehave. Does not belong here: anything of our clients (resources); the two meet only over HTTP.
"""
