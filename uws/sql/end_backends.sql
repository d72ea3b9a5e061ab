-- End what an attempt left running in the database; its connections bear the job's id as their
-- name. A later attempt bears the same: what it does is left alone.
SELECT pid, pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = %(job)s AND datname = current_database() AND pid <> pg_backend_pid()
  AND NOT EXISTS (
      SELECT FROM uws_job
      WHERE id = %(job)s AND phase = 'EXECUTING' AND attempts > %(attempt)s
  )
