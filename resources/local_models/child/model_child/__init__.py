"""The process that models run in: what it reads and answers over a socket. It lives in an environment of its own.

Belongs here: torch and what stands on it. Modules name each other relatively and nothing else of this project, so that
the folder can be loaded by an interpreter that has none of the project's own libraries. Does not belong here: anything
that starts this process or decides what it is asked (resources.local_models).
"""
