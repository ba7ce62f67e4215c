"""The forms in which a dashboard comes: as it is, wrapped by Grafana's API, or as a resource of v1 or v2."""

from __future__ import annotations

from typing import Final

from heliograph.dashboards.resource_v2 import classic_of
from heliograph.dashboards.shape import Json, check_size, mapping
from heliograph.errors import QueryError

API_GROUP: Final = "dashboard.grafana.app/"
_MARKS: Final = ("panels", "rows", "templating", "schemaVersion", "title")


def unwrapped(document: object) -> Json:
    """Return the document that is to be kept: without the wrapper of Grafana's HTTP API, if it has one.

    Raises:
        QueryError: it is no dashboard.
    """
    check_size(document)
    if not isinstance(document, dict):
        raise QueryError(
            f"a dashboard is a JSON object; {_shown(document)} came. In Grafana: Share, Export, Save to file"
        )
    inner = document.get("dashboard")
    if isinstance(inner, dict) and not _is_resource(document):
        return unwrapped(inner)
    classic(document)
    return document


def classic(document: Json) -> Json:
    """Return the classic form of a kept document; a part of the document itself where it has one.

    Raises:
        QueryError: it is no dashboard.
    """
    if _is_resource(document):
        spec = document.get("spec")
        if not isinstance(spec, dict):
            raise QueryError(f"the resource has no spec; a dashboard of {document['apiVersion']} has one")
        if "elements" in spec or "layout" in spec:
            return classic_of(document)
        name = mapping(document.get("metadata")).get("name", "")
        found = {"title": name} | ({"uid": name} if name else {}) | spec
        return found if any(key in spec for key in _MARKS) else _no_dashboard(spec)
    return document if any(key in document for key in _MARKS) else _no_dashboard(document)


def is_classic(document: Json) -> bool:
    """Return whether a document is in the classic form itself."""
    return not _is_resource(document)


def _is_resource(document: Json) -> bool:
    version = document.get("apiVersion")
    return isinstance(version, str) and version.startswith(API_GROUP)


def _no_dashboard(document: Json) -> Json:
    if "apiVersion" in document:
        raise QueryError(f"{document['apiVersion']!r} is no dashboard; expected {API_GROUP}v1 or v2")
    keys = ", ".join(sorted(map(str, document))[:6]) or "nothing"
    raise QueryError(
        f"this is no dashboard of Grafana: expected panels or rows, found {keys}."
        " In Grafana: Share, Export, Save to file"
    )


def _shown(value: object) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else type(value).__name__
