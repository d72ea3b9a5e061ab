-- Whether this role may end the backends of another.
SELECT pg_has_role(current_user, %(role)s, 'MEMBER')
    OR pg_has_role(current_user, 'pg_signal_backend', 'MEMBER')
