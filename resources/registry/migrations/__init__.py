"""Alembic's folder. Migrations run when a registry is opened; see database.Registry.migrate."""
