"""The addresses of plans in the OpenAPI document of ``/api/uws``."""

from typing import Any

from analysis.planning import State
from analysis.workflow_types import is_workflow
from uws.types import JobType

Json = dict[str, Any]

_NUMBER = {"type": "number"}
_COUNT = {"type": "integer"}
_TEXT = {"type": "string"}
_COUNTS: Json = {state.replace(" ", "_"): _COUNT for state in State}

_PROVISIONAL: Json = {
    **_COUNT,
    "description": "Of those to run, how many aren't known before others have run: some of these"
    " may turn out to be cached.",
}


def paths_of(job_type: JobType[Any]) -> Json:
    """Those of a job type whose jobs are made of steps; none of another."""
    name = job_type.name
    if not is_workflow(name):
        return {}
    parameters = {"$ref": f"#/components/schemas/{name}.parameters"}
    body = {"type": "object", "properties": {"parameters": parameters}}
    job_id = {"name": "job_id", "in": "path", "required": True, "schema": _TEXT}
    steps = {"name": "steps", "in": "query", "schema": {"enum": ["1"]}}
    return {
        f"/api/plan/{name}": {
            "post": {
                **_answer("What such a job would do, without creating it", f"plan_{name}"),
                "parameters": [steps],
                "requestBody": {"content": {"application/json": {"schema": body}}},
            }
        },
        f"/api/uws/{name}/jobs/{{job_id}}/plan": {
            "parameters": [job_id, steps],
            "get": _answer("What the job would do now", f"plan_job_of_{name}"),
        },
    }


def _answer(summary: str, identifier: str) -> Json:
    content = {"application/json": {"schema": _plan()}}
    return {
        "summary": summary,
        "operationId": identifier,
        "responses": {
            "200": {"description": summary, "content": content},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }


def _plan() -> Json:
    return _object(
        {
            "job_type": _TEXT,
            "engines": {"type": "array", "items": _TEXT},
            "steps": _object({"total": _COUNT, **_COUNTS, "provisional": _PROVISIONAL}),
            "estimate": _object(
                {
                    "seconds": _NUMBER,
                    "processor_seconds": _NUMBER,
                    "processes": _COUNT,
                    "bytes": {"anyOf": [_COUNT, {"type": "null"}]},
                    "steps_judged_by_past_runs": _COUNT,
                }
            ),
            "kinds": {
                "type": "array",
                "items": _object(
                    {
                        "kind": _TEXT,
                        "engine": _TEXT,
                        "version": _TEXT,
                        "description": _TEXT,
                        **_COUNTS,
                        "seconds_each": _NUMBER,
                        "bytes_each": {"anyOf": [_COUNT, {"type": "null"}]},
                        "past_runs": _COUNT,
                        "memory": _COUNT,
                    }
                ),
            },
            "links": _object({"text": _TEXT, "picture": _TEXT}),
            "graph": {"type": "array", "items": {"type": "object"}},
        }
    )


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties}
