"""Batches: many songs asked for as one thing, from a definition file.

``definition`` reads files, ``songs`` is what they come to, ``starting`` puts that through the door, ``status`` says how
far it got, ``report`` and ``package`` are what is left of it in the end.
"""
