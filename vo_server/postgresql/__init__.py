"""Django's PostgreSQL backend, keeping connections for the next request."""
