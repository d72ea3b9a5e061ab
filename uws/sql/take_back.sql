-- An attempt was lost with its process: the job waits again, at its old place in the queue, or
-- is given up. Only this very attempt: another may be running by now.
UPDATE uws_job
SET phase = CASE WHEN attempts < %(max_attempts)s THEN 'QUEUED' ELSE 'ERROR' END,
    end_time = CASE WHEN attempts < %(max_attempts)s THEN NULL ELSE clock_timestamp() END,
    error_message = CASE WHEN attempts < %(max_attempts)s THEN NULL ELSE %(error)s END,
    error_kind = CASE WHEN attempts < %(max_attempts)s THEN NULL ELSE 'transient' END,
    worker_id = NULL,
    lease_expires = NULL
WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s AND phase = 'EXECUTING'
  AND (%(only_expired)s IS FALSE OR lease_expires < clock_timestamp())
RETURNING phase
