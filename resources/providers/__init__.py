"""Providers: the adapters that speak with engines outside, and what every one of them answers in.

Belongs here: one module a provider, their shared HTTP client and failures. Does not belong here: choosing an engine
(musicgen_assets.engines.router), writing down what was tried and paid (resources.attempts).
"""
