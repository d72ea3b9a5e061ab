-- How far the attempt has come.
UPDATE uws_job
SET progress_done = %(done)s, progress_total = %(total)s, progress_message = %(message)s
WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id
