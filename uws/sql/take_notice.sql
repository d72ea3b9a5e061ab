-- A notice that is due, kept from other threads and workers while it is being told. To one address
-- the changes of a job are told in their order.
UPDATE uws_notice
SET tries = tries + 1,
    next_try = clock_timestamp() + %(kept_s)s * interval '1 second'
WHERE id = (
    SELECT id
    FROM uws_notice AS due
    WHERE next_try <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM uws_notice AS earlier
        WHERE earlier.job_id = due.job_id AND earlier.address = due.address
            AND earlier.id < due.id
    )
    ORDER BY next_try
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, job_id, job_type, run_id, phase, error_message, time, address, tries
