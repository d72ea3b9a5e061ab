-- Which of these results are in the cache.
SELECT identity FROM analysis_cachedstep WHERE identity = ANY(%(identities)s)
