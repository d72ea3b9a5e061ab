-- Jobs whose worker has not been heard of in time.
SELECT id, attempts, worker_id
FROM uws_job
WHERE phase = 'EXECUTING' AND lease_expires < clock_timestamp()
