"""What presence keeps: statuses in PostgreSQL, sockets in Redis."""
