-- The job's own attempt failed for good.
UPDATE uws_job
SET phase = 'ERROR', end_time = clock_timestamp(), worker_id = NULL, lease_expires = NULL,
    error_message = %(error)s, error_kind = %(kind)s
WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id
