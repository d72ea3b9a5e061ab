-- Say that the worker lives, and extend its leases; tells which jobs are still its own. Whoever has a
-- job's row locked isn't waited for, since the lock may be of a job whose end the worker must see to.
WITH beat AS (
    INSERT INTO uws_worker (id, place, host, pid, pid_started, template_pid, template_started,
                            capacity)
    VALUES (%(worker)s, %(place)s, %(host)s, %(pid)s, %(pid_started)s, %(template_pid)s,
            %(template_started)s, %(capacity)s)
    ON CONFLICT (id) DO UPDATE SET heartbeat = clock_timestamp()
),
free AS (
    SELECT id
    FROM uws_job
    WHERE worker_id = %(worker)s AND phase = 'EXECUTING'
    FOR NO KEY UPDATE SKIP LOCKED
),
renewed AS (
    UPDATE uws_job
    SET lease_expires = clock_timestamp() + %(lease_s)s * interval '1 second'
    FROM free
    WHERE uws_job.id = free.id
)
SELECT job.id, job.attempts, job.job_type, job.execution_duration, free.id IS NOT NULL
FROM uws_job AS job LEFT JOIN free USING (id)
WHERE job.worker_id = %(worker)s AND job.phase = 'EXECUTING'
