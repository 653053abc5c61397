"""The embedded default: PostgreSQL, Redis, server, worker and beat as children of one process."""
