-- Run once, as PostgreSQL's administrator: psql -f postgresql.sql
-- Two databases, because registry and Dagster each keep a table called alembic_version.
-- Then give the role a password: ALTER ROLE musicgen PASSWORD '...';
CREATE ROLE musicgen LOGIN;
CREATE DATABASE musicgen OWNER musicgen ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE musicgen_dagster OWNER musicgen ENCODING 'UTF8' TEMPLATE template0;
