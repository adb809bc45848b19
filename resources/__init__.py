"""The outside world: settings, artifact store, registry, door, engines. Only this package talks to
sockets and databases or writes files. It knows music logic by its declarations, never Dagster's graph.
"""
