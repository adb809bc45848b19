"""Telling other programs: endpoints that users name, messages from the outbox, signed, tried again, written down.

``endpoints`` keeps them, ``places`` says where one may lead, ``posting`` sends one message once, ``sending`` does it in
time and again. What is told of which event is the registry's outbox. Does not belong here: HTTP of our own API (api).
"""
