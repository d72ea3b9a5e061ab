-- What a job's process has to know, by one statement: each one costs a new connection much.
SELECT job_type, owner_id, (
    SELECT coalesce(json_agg(json_build_array(name, value) ORDER BY id), '[]')::text
    FROM uws_jobparameter
    WHERE job_id = job.id
)
FROM uws_job AS job
WHERE id = %(job)s
