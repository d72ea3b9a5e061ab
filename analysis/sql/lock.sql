-- Lock the rows of these results until the end of the transaction, in the order of identity: who
-- changes several at once locks them so, lest two wait for each other.
SELECT identity FROM analysis_cachedstep
WHERE identity = ANY(%(identities)s)
ORDER BY identity
FOR UPDATE
