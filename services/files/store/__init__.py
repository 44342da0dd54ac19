"""Descriptions in PostgreSQL, bytes in the object store."""
