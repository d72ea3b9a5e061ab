"""The OpenAPI 3.1 document of ``/api/uws``, made of the job types' own declarations.

Each type's parameters are the JSON Schema that pydantic makes of them: one fact, one place.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from uws import registry
from uws.phases import Phase
from uws.types import JobType

Json = dict[str, Any]

_ERROR = {"$ref": "#/components/responses/Error"}
_NOTIFY = "Addresses told of the job's phases: https://…, or mailto: with the owner's e-mail."
_further: list[Callable[[JobType[Any]], Json]] = []
_TIME = {"type": "string", "format": "date-time"}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def describe_further(paths_of: Callable[[JobType[Any]], Json]) -> None:
    """Add to the document what another room offers of each job type: its OpenAPI paths."""
    _further.append(paths_of)


def schema_view(request: HttpRequest) -> JsonResponse:
    """``/api/schema``."""
    return JsonResponse(document(), content_type="application/vnd.oai.openapi+json")


def document() -> Json:
    """The whole document, of the job types that are offered now."""
    paths: Json = {"/api/uws": {"get": _operation("List the job types", "listJobTypes", "object")}}
    schemas: Json = {"Job": _job(), "JobList": _job_list()}
    for job_type in registry.all():
        parameters = job_type.parameters.model_json_schema(ref_template=_ref(job_type))
        for name, definition in parameters.pop("$defs", {}).items():
            schemas[f"{job_type.name}.{name}"] = definition
        # what is missing may still be sent before the job is run
        parameters.pop("required", None)
        schemas[f"{job_type.name}.parameters"] = parameters
        paths |= _paths(job_type)
        for further in _further:
            paths |= further(job_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Jobs",
            "version": settings.VO_VERSION,
            "description": "The same jobs as the UWS 1.1 resources, as JSON.",
        },
        "servers": [{"url": settings.SITE_URL}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Error": {
                    "description": "What was wrong, in words.",
                    "content": _json(
                        {
                            "type": "object",
                            "required": ["error"],
                            "properties": {
                                "error": {"type": "string"},
                                "problems": {"type": "array", "items": {"type": "string"}},
                            },
                        }
                    ),
                }
            },
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{}, {"basic": []}],
    }


def _ref(job_type: JobType[Any]) -> str:
    return f"#/components/schemas/{job_type.name}.{{model}}"


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _operation(
    summary: str, identifier: str, answer: str | Json, status: str = "200", **more: Any
) -> Json:
    schema = {"type": answer} if isinstance(answer, str) else answer
    return {
        "summary": summary,
        "operationId": identifier,
        "responses": {
            status: {"description": summary, "content": _json(schema)},
            "default": _ERROR,
        },
        **more,
    }


def _paths(job_type: JobType[Any]) -> Json:
    name, base = job_type.name, f"/api/uws/{job_type.name}"
    job = {"$ref": "#/components/schemas/Job"}
    settable = {
        "parameters": {"$ref": f"#/components/schemas/{name}.parameters"},
        "execution_duration": {"type": "integer", "minimum": 0, "description": "Seconds."},
        "destruction": _TIME,
        "notify": {"type": "array", "items": {"type": "string"}, "description": _NOTIFY},
    }
    creation = {**settable, "run_id": {"type": "string"}, "run": {"type": "boolean"}}
    change = {**settable, "phase": {"enum": ["RUN", "ABORT"]}}
    filters = [
        _query("phase", {"type": "array", "items": {"enum": [str(p) for p in Phase]}}),
        _query("after", _TIME),
        _query("last", {"type": "integer", "minimum": 1}),
    ]
    job_id = {"name": "job_id", "in": "path", "required": True, "schema": {"type": "string"}}
    deleted = {"responses": {"204": {"description": "Destroyed"}, "default": _ERROR}}
    return {
        base: {"get": _operation(f"Describe {job_type.title}", f"describe_{name}", "object")},
        f"{base}/jobs": {
            "get": _operation(
                "List your jobs, newest first",
                f"list_{name}",
                {"$ref": "#/components/schemas/JobList"},
                parameters=filters,
            ),
            "post": _operation(
                job_type.description, f"create_{name}", job, "201", requestBody=_body(creation)
            ),
        },
        f"{base}/jobs/{{job_id}}": {
            "parameters": [job_id],
            "get": _operation("Read the job", f"read_{name}", job),
            "patch": _operation(
                "Change, run or abort the job", f"change_{name}", job, requestBody=_body(change)
            ),
            "delete": {"summary": "Destroy the job", "operationId": f"delete_{name}", **deleted},
        },
    }


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "schema": schema}


def _body(properties: Json) -> Json:
    return {"content": _json({"type": "object", "properties": properties}), "required": True}


def _job_list() -> Json:
    summary = {"type": "object", "properties": _summary()}
    return {"type": "object", "properties": {"jobs": {"type": "array", "items": summary}}}


def _summary() -> Json:
    text = {"type": "string"}
    return {
        "job_id": text,
        "job_type": text,
        "url": {"type": "string", "format": "uri"},
        "phase": {"enum": [str(phase) for phase in Phase]},
        "run_id": _or_null(text),
        "owner": _or_null(text),
        "creation_time": _TIME,
    }


def _job() -> Json:
    text = {"type": "string"}
    result = {
        "name": text,
        "url": {"type": "string", "format": "uri"},
        "media_type": text,
        "size": {"type": "integer"},
    }
    error = {"message": text, "kind": {"enum": ["fatal", "transient"]}}
    progress = {"done": {"type": "number"}, "total": {"type": "number"}, "message": text}
    message = {"time": _TIME, "text": text}
    return {
        "type": "object",
        "properties": {
            **_summary(),
            "uws": {"type": "string", "format": "uri"},
            "quote": _or_null(_TIME),
            "start_time": _or_null(_TIME),
            "end_time": _or_null(_TIME),
            "execution_duration": {"type": "integer"},
            "destruction": _TIME,
            "notify": {"type": "array", "items": text},
            "parameters": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": text},
            },
            "results": _list_of(result),
            "error": _or_null({"type": "object", "properties": error}),
            "progress": _or_null({"type": "object", "properties": progress}),
            "messages": _list_of(message),
        },
    }


def _list_of(properties: Json) -> Json:
    return {"type": "array", "items": {"type": "object", "properties": properties}}
