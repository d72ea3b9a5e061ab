"""The analysis job types: what each takes, the graph that it makes of it, what it gives."""
