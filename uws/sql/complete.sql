-- The job's own attempt is done; its results are entered by the same statement, both or neither.
WITH done AS (
    UPDATE uws_job
    SET phase = 'COMPLETED', end_time = clock_timestamp(), worker_id = NULL, lease_expires = NULL
    WHERE id = %(job)s AND attempts = %(attempt)s AND worker_id = %(worker)s
        AND phase = 'EXECUTING'
    RETURNING id
),
entered AS (
    INSERT INTO uws_jobresult (job_id, name, path, media_type, size)
    SELECT done.id, result.name, result.path, result.media_type, result.size
    FROM done CROSS JOIN ROWS FROM (
        json_to_recordset(%(results)s::json)
        AS (name text, path text, media_type text, size bigint)
    ) WITH ORDINALITY AS result (name, path, media_type, size, place)
    ORDER BY result.place
)
SELECT id FROM done
