-- The job ran longer than it may (UWS 1.1, section 2.1.4: as if it had been aborted).
UPDATE uws_job
SET phase = 'ABORTED', end_time = clock_timestamp(), worker_id = NULL, lease_expires = NULL,
    error_message = %(error)s, error_kind = 'transient'
WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id
