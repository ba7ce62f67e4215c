"""Elements of canvas panels: what of them the page draws otherwise than a dashboard asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from heliograph.dashboards.shape import Json, mapping, objects, text

_DRAWN: Final = frozenset(
    ["text", "metric-value", "rectangle", "ellipse", "triangle", "parallelogram", "frame", "group"]
)
_OTHERWISE: Final = {"icon": "icons are drawn as discs", "button": "buttons do nothing when they are pressed"}
_DEPTH: Final = 8
"""How many frames within frames the page opens."""


def elements_unread(panel: Json) -> list[str]:
    """Return what of a canvas panel is drawn otherwise, each element in its order."""
    options = mapping(panel.get("options"))
    root = mapping(options.get("root"))
    found = ["the canvas is not zoomed to its content"] if options.get("zoomToContent") is True else []
    if _has_picture(root):
        found.append("pictures behind elements are not drawn")
    for element in _elements(root):
        kind = text(element.get("type"))
        if kind not in _DRAWN:
            found.append(
                _OTHERWISE.get(kind, f"the element {kind[:60] or 'without a type'} is drawn as a box")
            )
        if _has_picture(element):
            found.append("pictures behind elements are not drawn")
        sizes = [mapping(one.get("size")) for one in objects(element.get("connections"))]
        if any(size.get("field") for size in sizes):
            found.append("the width of a connection is not that of a field")
    return found


def _elements(frame: Json, depth: int = 0) -> Iterator[Json]:
    for element in objects(frame.get("elements")):
        yield element
        if depth < _DEPTH:
            yield from _elements(element, depth + 1)


def _has_picture(element: Json) -> bool:
    image = mapping(mapping(element.get("background")).get("image"))
    return bool(image.get("field") if image.get("mode") == "field" else image.get("fixed"))
