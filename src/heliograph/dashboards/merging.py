"""Changes that were made to the view, brought back into the document as it came."""

from __future__ import annotations

import copy
from typing import Any, Final

from heliograph.dashboards.envelope import classic, is_classic
from heliograph.dashboards.shape import Json, mapping, number, objects
from heliograph.dashboards.view import SCHEMA_VERSION

_OURS: Final = "x-helio"
_MODERN: Final = 36
"""From this version of the schema on, parts of a document and of its view may stand beside each other."""
_NAMES: Final = ("id", "refId", "name")
_GONE: Final = object()


def merged(document: Json, before: Json, after: Json) -> Json:
    """Return the document with what ``after`` changes of the view ``before``; unknown fields stay."""
    if plain(before) == plain(after):
        return document
    source = classic(document)
    if not is_classic(document) and source is not document.get("spec"):
        is_old = True
    else:
        version = number(source.get("schemaVersion"))
        is_old = version is None or version < _MODERN or "rows" in source
    if is_old or _old_kinds(before):
        inputs = {key: source[key] for key in ("__inputs", "__requires") if key in source}
        found = inputs | plain(after) | {"schemaVersion": SCHEMA_VERSION}
    else:
        found = _merge(copy.deepcopy(source), plain(before), plain(after))
    return document | {"spec": found} if source is document.get("spec") else found


def plain(view: Json) -> Json:
    """Return a view as a document: with the data sources that were in it, without our remarks."""
    found: Json = _stripped(view)
    return found


def _stripped(value: Any) -> Any:
    if isinstance(value, list):
        return [_stripped(one) for one in value if not _is_stand_in(one)]
    if not isinstance(value, dict):
        return value
    told = mapping(value.get(_OURS))
    found = {key: _stripped(one) for key, one in value.items() if key != _OURS}
    if "datasource" in told:
        if told["datasource"] is None:
            found.pop("datasource", None)
        else:
            found["datasource"] = told["datasource"]
    return found


def _is_stand_in(value: Any) -> bool:
    return isinstance(value, dict) and mapping(value.get(_OURS)).get("missing") is True


def _old_kinds(view: Json) -> bool:
    every = [one for panel in objects(view.get("panels")) for one in (panel, *objects(panel.get("panels")))]
    return any("was" in mapping(panel.get(_OURS)) for panel in every)


def _merge(source: Any, before: Any, after: Any) -> Any:
    """Return the source where the view did not change, else what it became."""
    if before == after:
        return source
    if isinstance(source, dict) and isinstance(before, dict) and isinstance(after, dict):
        return _merge_objects(source, before, after)
    if isinstance(source, list) and isinstance(before, list) and isinstance(after, list):
        return _merge_lists(source, before, after)
    return after


def _merge_objects(source: Json, before: Json, after: Json) -> Json:
    found = {}
    for key in [*source, *(key for key in after if key not in source)]:
        if key not in after:
            if key not in before:
                found[key] = source[key]
        elif key not in source:
            if before.get(key, _GONE) != after[key]:
                found[key] = after[key]
        else:
            found[key] = _merge(source[key], before.get(key, _GONE), after[key])
    return found


def _merge_lists(source: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    """Merge those that have the same name or number; others are as the view has them."""
    for name in _NAMES:
        if all(_told_apart(some, name) for some in (source, before, after)):
            ours, theirs = ({str(one[name]): one for one in some} for some in (source, before))
            return [
                _merge(ours[key], theirs[key], one)
                if (key := str(one[name])) in ours and key in theirs
                else one
                for one in after
            ]
    return after


def _told_apart(some: list[Any], name: str) -> bool:
    """Tell whether each has a name of its own: two transformations of a kind have the same ``id``."""
    names = [str(one[name]) for one in some if isinstance(one, dict) and name in one]
    return len(names) == len(some) == len(set(names))
