-- The worker stops: its jobs wait again, and this attempt does not count.
UPDATE uws_job
SET phase = 'QUEUED', attempts = attempts - 1, worker_id = NULL, lease_expires = NULL,
    start_time = NULL
WHERE worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id
