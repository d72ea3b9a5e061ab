-- Say that the worker lives, and extend its leases; tells which jobs are still its own.
WITH beat AS (
    INSERT INTO uws_worker (id, place, host, pid, pid_started, template_pid, template_started,
                            capacity)
    VALUES (%(worker)s, %(place)s, %(host)s, %(pid)s, %(pid_started)s, %(template_pid)s,
            %(template_started)s, %(capacity)s)
    ON CONFLICT (id) DO UPDATE SET heartbeat = clock_timestamp()
)
UPDATE uws_job
SET lease_expires = clock_timestamp() + %(lease_s)s * interval '1 second'
WHERE worker_id = %(worker)s AND phase = 'EXECUTING'
RETURNING id, attempts, job_type, execution_duration
