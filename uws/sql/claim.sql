-- Take the job whose turn it is, with the lease on it, in one transaction: no other worker can have
-- it, and if this one dies at once the lease expires like any other. All that is anonymous counts
-- as one owner, 0. The highest priority comes first; then who has the fewest jobs running; then who
-- has not had a turn for longest; then what has waited longest. Claims follow one another, since
-- each must see what the one before took; both statements are sent at once, so that a worker that
-- stops between them holds up nobody.
SELECT pg_advisory_xact_lock(hashtext('uws_claim'));
WITH running AS (
    SELECT coalesce(owner_id, 0) AS owner, count(*) AS jobs
    FROM uws_job
    WHERE phase = 'EXECUTING' AND job_type = ANY(%(job_types)s)
    GROUP BY 1
),
waiting AS (
    SELECT DISTINCT coalesce(owner_id, 0) AS owner
    FROM uws_job
    WHERE phase = 'QUEUED' AND job_type = ANY(%(job_types)s)
),
turn AS (
    SELECT owner, coalesce(jobs, 0) AS jobs, (
        SELECT max(start_time)
        FROM uws_job
        WHERE coalesce(owner_id, 0) = owner AND job_type = ANY(%(job_types)s)
    ) AS last_start
    FROM waiting LEFT JOIN running USING (owner)
    WHERE coalesce(jobs, 0) < CASE owner WHEN 0 THEN %(anonymous)s ELSE %(per_owner)s END
        AND (SELECT coalesce(sum(jobs), 0) FROM running) < %(at_most)s
),
next AS (
    SELECT job.id
    FROM uws_job AS job JOIN turn ON turn.owner = coalesce(job.owner_id, 0)
    WHERE job.phase = 'QUEUED' AND job.job_type = ANY(%(job_types)s)
    ORDER BY job.priority DESC, turn.jobs, turn.last_start NULLS FIRST, job.queued_time
    FOR UPDATE OF job SKIP LOCKED
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
RETURNING job.id, job.attempts, job.job_type, job.execution_duration, job.owner_id, (
    SELECT coalesce(json_agg(json_build_array(name, value) ORDER BY id), '[]')::text
    FROM uws_jobparameter
    WHERE job_id = job.id
)
