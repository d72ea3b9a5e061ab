-- Those of these results that are being made, or were and will be registered, for other jobs.
SELECT identity FROM analysis_steplease
WHERE identity = ANY(%(identities)s) AND expires_at > clock_timestamp()
    AND split_part(holder, ' ', 1) <> %(job)s
