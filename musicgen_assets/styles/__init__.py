"""Genres as data: one YAML file per style, its schema, and the loader that resolves inheritance."""
