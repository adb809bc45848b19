"""Dagster sensors: what watches for work nobody asked for in this process."""
