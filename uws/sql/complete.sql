-- The job's own attempt is done; its results are entered in the same transaction.
UPDATE uws_job
SET phase = 'COMPLETED', end_time = clock_timestamp(), worker_id = NULL, lease_expires = NULL
WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id
