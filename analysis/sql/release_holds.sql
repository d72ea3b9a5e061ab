-- The job is done; what expired is nobody's.
DELETE FROM analysis_stephold WHERE job = %(job)s OR expires_at < clock_timestamp()
