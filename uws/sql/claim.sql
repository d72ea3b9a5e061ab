-- Take the job that has waited longest, with the lease on it, in one statement: no other worker
-- can have it, and if this one dies at once the lease expires like any other.
WITH next AS (
    SELECT id
    FROM uws_job
    WHERE phase = 'QUEUED' AND job_type = ANY(%(job_types)s)
    ORDER BY queued_time
    FOR UPDATE SKIP LOCKED
    LIMIT 1
)
UPDATE uws_job AS job
SET phase = 'EXECUTING',
    worker_id = %(worker)s,
    lease_expires = clock_timestamp() + %(lease_s)s * interval '1 second',
    attempts = job.attempts + 1,
    start_time = clock_timestamp(),
    progress_done = NULL,
    progress_total = NULL,
    progress_message = NULL
FROM next
WHERE job.id = next.id
RETURNING job.id, job.attempts, job.execution_duration
