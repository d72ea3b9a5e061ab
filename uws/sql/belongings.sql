-- What belongs to a job, by one statement: its parameters, results and messages, in their order.
SELECT (
    SELECT coalesce(json_agg(json_build_array(name, value) ORDER BY id), '[]')::text
    FROM uws_jobparameter
    WHERE job_id = %(job)s
), (
    SELECT coalesce(json_agg(json_build_array(name, path, media_type, size) ORDER BY id), '[]')::text
    FROM uws_jobresult
    WHERE job_id = %(job)s
), (
    SELECT coalesce(json_agg(json_build_array(time, text) ORDER BY id), '[]')::text
    FROM uws_jobmessage
    WHERE job_id = %(job)s
)
