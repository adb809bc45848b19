"""Who may: users, their keys, roles in a composition, share links, and the one place where queries are narrowed.

``rights`` says what roles and scopes allow, ``keys``, ``sessions`` and ``links`` are what callers show, ``scope`` finds
what a caller may see. Does not belong here: HTTP (api), which operation asks for which right (api).
"""
