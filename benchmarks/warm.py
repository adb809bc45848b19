"""Songs made one after another in one process: what a worker that is already running would take.

``python -m benchmarks.warm DURATION_S SEED [SEED ...]`` prints one JSON line per song.
"""

from __future__ import annotations

import json
import sys
import time

from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.execution import run_version
from resources.door import claim, submit
from resources.layout import open_instance
from resources.leases import claimer_name
from resources.settings import get_settings
from resources.studio import open_studio


def main() -> None:
    """See the module."""
    duration_s, *seeds = [int(argument) for argument in sys.argv[1:]]
    settings = get_settings()
    with open_studio(settings) as studio:
        instance = open_instance(settings)
        for seed in seeds:
            started = time.perf_counter()
            request = CompositionRequest(
                prompt="upbeat pop song", seed=seed, overrides={"technical.duration_s": float(duration_s)}
            )
            submission = submit(studio.registry, request, settings)
            token = claimer_name()
            claim(studio.registry, submission.request_id, token)
            report = run_version(
                studio, instance, submission.partition, request_id=submission.request_id, token=token
            )  # fmt: skip
            print(json.dumps({"seed": seed, "ok": report.is_success, "wall_s": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
