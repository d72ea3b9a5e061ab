-- Wake who waits for results that another makes.
SELECT pg_notify('analysis_step', '')
