"""Regularly puts right what the dead left behind.

Belongs here: when, and telling what was done. Does not belong here: what is dead and what becomes of it
(resources.reconciler).
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import dagster as dg

from resources.reconciler import reconcile
from resources.settings import get_settings
from resources.studio import open_studio

INTERVAL_S = 5
"""Dagster looks at a sensor no more often than this, whatever is asked for."""


@dg.sensor(
    name="reconciler",
    minimum_interval_seconds=INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Finds commands, workers and launches that died, frees what they held, puts their requests back.",
)
def reconciler(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Reconcile, and say what came of it; runs are never asked for here (the sensor "requests" does that)."""
    with open_studio(get_settings()) as studio:
        done = reconcile(studio, context.instance)
    return dg.SkipReason(done.in_words or "Nobody died: nothing to put right.")
