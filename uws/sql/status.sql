-- How many jobs of each type are in each phase, and since when the oldest of them is.
SELECT job_type, phase, count(*),
       extract(epoch FROM clock_timestamp() - min(
           CASE phase WHEN 'QUEUED' THEN queued_time
                      WHEN 'EXECUTING' THEN start_time
                      ELSE coalesce(end_time, creation_time) END))::float
FROM uws_job
GROUP BY job_type, phase
ORDER BY job_type, phase
