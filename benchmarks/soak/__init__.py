"""Long proofs that can be stopped and go on: ``python -m benchmarks.soak.NAME --count N --state DIR [--seed S]``.

Each drives the real program over homes of its own, writes a line of JSON for every finished case, prints a table at
the end and exits with 1 if a promise is broken.
"""
