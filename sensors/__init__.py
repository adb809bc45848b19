"""Dagster sensors: what watches for work that nobody asked for in this process.

Belongs here: when to look, how much to do a tick, what to say about it. Does not belong here: the rules of
claiming, launching and reconciling (resources).
"""

from sensors.batches import batches as batches_sensor
from sensors.inbox import inbox as inbox_sensor
from sensors.reconciler import reconciler as reconciler_sensor
from sensors.requests import requests as requests_sensor
from sensors.takes import takes as takes_sensor

SENSORS = [requests_sensor, reconciler_sensor, inbox_sensor, batches_sensor, takes_sensor]

__all__ = ["SENSORS", "batches_sensor", "inbox_sensor", "reconciler_sensor", "requests_sensor", "takes_sensor"]
