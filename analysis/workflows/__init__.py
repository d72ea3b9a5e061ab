"""The analysis job types: what each takes, the graph that it makes of it, what it gives.

Each is a module with ``run(context)`` and, where its jobs are made of steps that are known before
they run, ``targets(parameters, owner)``; `analysis.workflow_types` makes a job type of it.
"""
