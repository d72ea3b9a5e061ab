"""A job type as a VOTable in the job description language (JDL) of OPUS.

What a job takes, uses and makes, in the terms of the IVOA Provenance data model: a RESOURCE that is
a ``voprov:ActivityDescription`` with the groups InputParams, Used and Generated.
"""

from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from uws.parameters import ParameterDescription, describe
from uws.types import FileDescription, JobType

_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
#: Stands for "no value" where a PARAM of numbers must have one.
_NO_WHOLE_NUMBER = "-9223372036854775808"


def document(job_type: JobType[Any], list_url: str) -> bytes:
    """The VOTable. list_url: where the type's jobs are, absolute."""
    root = Element("VOTABLE", {"version": "1.4", "xmlns": _NAMESPACE})
    resource = SubElement(
        root,
        "RESOURCE",
        {
            "ID": job_type.name,
            "name": job_type.name,
            "type": "meta",
            "utype": "voprov:ActivityDescription",
        },
    )
    SubElement(resource, "DESCRIPTION").text = job_type.description
    _text(resource, "title", job_type.title, "voprov:ActivityDescription.title")
    _text(resource, "type", "Analysis", "voprov:ActivityDescription.type")
    _text(resource, "queue", str(job_type.queue))
    _text(resource, "accessURL", list_url)
    inputs = SubElement(resource, "GROUP", {"name": "InputParams", "utype": "voprov:Parameter"})
    for parameter in describe(job_type.parameters):
        _parameter(inputs, parameter)
    _files(resource, "Used", "voprov:UsedDescription", job_type.uses)
    _files(resource, "Generated", "voprov:WasGeneratedByDescription", job_type.makes)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _text(parent: Element, name: str, value: str, utype: str = "") -> None:
    attributes = {"name": name, "datatype": "char", "arraysize": "*", "value": value}
    SubElement(parent, "PARAM", attributes | ({"utype": utype} if utype else {}))


def _parameter(parent: Element, parameter: ParameterDescription) -> None:
    is_text = parameter.datatype == "char"
    attributes = {"name": parameter.name, "datatype": parameter.datatype}
    if is_text or parameter.multiple:
        attributes["arraysize"] = "*"
    attributes["value"] = _value(parameter)
    attributes |= {
        name: value for name in ("unit", "ucd", "utype") if (value := str(getattr(parameter, name)))
    }
    element = SubElement(parent, "PARAM", attributes)
    note = "" if parameter.required else " Optional."
    if parameter.multiple:
        note += " Takes several values."
    SubElement(element, "DESCRIPTION").text = parameter.description + note
    _values(element, parameter)


def _value(parameter: ParameterDescription) -> str:
    if parameter.default is not None:
        if parameter.datatype == "boolean":
            return "true" if parameter.default == "1" else "false"
        return parameter.default
    if parameter.multiple or parameter.datatype == "char":
        return ""
    return {"double": "NaN", "long": _NO_WHOLE_NUMBER}.get(parameter.datatype, "?")


def _values(element: Element, parameter: ParameterDescription) -> None:
    attributes = {}
    if parameter.datatype == "long" and parameter.default is None and not parameter.multiple:
        attributes["null"] = _NO_WHOLE_NUMBER
    limits = {"MIN": parameter.minimum, "MAX": parameter.maximum}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if not (attributes or given or parameter.options):
        return
    values = SubElement(element, "VALUES", attributes)
    for name, limit in given.items():
        SubElement(values, name, {"value": f"{limit:g}"})
    for option in parameter.options:
        SubElement(values, "OPTION", {"value": option})


def _files(parent: Element, name: str, utype: str, described: tuple[FileDescription, ...]) -> None:
    group = SubElement(parent, "GROUP", {"name": name})
    for file in described:
        one = SubElement(group, "GROUP", {"name": file.name, "utype": utype})
        SubElement(one, "DESCRIPTION").text = file.description
        _text(one, "role", file.name, f"{utype}.role")
        if file.media_type:
            _text(one, "content_type", file.media_type, "voprov:EntityDescription.contentType")
