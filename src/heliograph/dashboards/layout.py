"""Where panels are: rows with spans, as before version 16 of the schema, become places in a grid of 24."""

from __future__ import annotations

from heliograph.dashboards.shape import MAX_PANELS, Json, mapping, number, objects, text, whole
from heliograph.errors import QueryError

WIDTH = 24
_SPANS = 12
_ROW_HEIGHT_PX = 38
_DEFAULT_HEIGHT_PX = 250


def placed_panels(dashboard: Json) -> list[Json]:
    """Return the panels of a classic dashboard, each with an id and a place; rows are panels, too.

    Raises:
        QueryError: there are too many.
    """
    panels = _of_rows(dashboard) if dashboard.get("rows") else objects(dashboard.get("panels"))
    panels = [dict(panel) for panel in panels]
    if len(panels) + sum(len(objects(panel.get("panels"))) for panel in panels) > MAX_PANELS:
        raise QueryError(f"the dashboard has more than {MAX_PANELS:,} panels; split it into several")
    _give_ids(panels)
    bottom = 0
    for panel in panels:
        place = _place(panel, bottom)
        panel["gridPos"] = place
        bottom = max(bottom, place["y"] + place["h"])
        inner = place["y"] + 1
        if panel.get("type") == "row":
            panel["panels"] = [dict(one) for one in objects(panel.get("panels"))]
            for one in panel["panels"]:
                one["gridPos"] = _place(one, inner)
    return panels


def _place(panel: Json, bottom: int) -> Json:
    asked = mapping(panel.get("gridPos"))
    is_row = panel.get("type") == "row"
    width = WIDTH if is_row else whole(asked.get("w"), WIDTH // 2, 1, WIDTH)
    return {
        "x": whole(asked.get("x"), 0, 0, WIDTH - width),
        "y": whole(asked.get("y"), bottom),
        "w": width,
        "h": whole(asked.get("h"), 1 if is_row else 8, 1, 1_000),
    }


def _give_ids(panels: list[Json]) -> None:
    """Give each panel a number of its own; the first who has a number keeps it."""
    every = [one for panel in panels for one in (panel, *objects(panel.get("panels")))]
    used: set[int] = set()
    for panel in every:
        id_ = panel.get("id")
        if isinstance(id_, bool) or not isinstance(id_, int) or id_ in used or not 0 < id_ < 2**53:
            panel["id"] = None
        else:
            used.add(id_)
    following = 1
    for panel in every:
        if panel["id"] is None:
            while following in used:
                following += 1
            panel["id"] = following
            used.add(following)


def _of_rows(dashboard: Json) -> list[Json]:
    rows = objects(dashboard.get("rows"))
    # as Grafana does: rows are shown as such only where one has a name, is closed or is repeated
    shown = any(row.get("showTitle") or row.get("collapse") or row.get("repeat") for row in rows)
    found: list[Json] = objects(dashboard.get("panels"))
    top = 0
    for row in rows:
        panels, bottom = _one_row(row, top + (1 if shown else 0))
        if shown:
            closed = row.get("collapse") is True
            head: Json = {
                "type": "row",
                "title": text(row.get("title")),
                "collapsed": closed,
                "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1},
                "panels": panels if closed else [],
            }
            if row.get("repeat"):
                head["repeat"] = row["repeat"]
            found += [head] if closed else [head, *panels]
            top = top + 1 if closed else bottom
        else:
            found += panels
            top = bottom
    return found


def _one_row(row: Json, top: int) -> tuple[list[Json], int]:
    """Fill lines of twelve spans, and return where the next row begins."""
    height = _height(row.get("height"), _height(_DEFAULT_HEIGHT_PX, 7))
    x = 0
    y = bottom = top
    placed = []
    for source in objects(row.get("panels")):
        panel = dict(source)
        span = number(panel.pop("span", None)) or 4
        width = max(1, min(WIDTH, int(span * WIDTH / _SPANS)))
        if panel.get("minSpan") is not None:
            smallest = whole(panel.pop("minSpan"), 4, 1, _SPANS)
            panel.setdefault("maxPerRow", max(1, _SPANS // smallest))
        if x + width > WIDTH:
            x, y = 0, bottom
        tall = _height(panel.get("height"), height)
        panel["gridPos"] = {"x": x, "y": y, "w": width, "h": tall}
        x += width
        bottom = max(bottom, y + tall)
        placed.append(panel)
    return placed, bottom


def _height(value: object, default: int) -> int:
    """Return a height in pixels as one in the grid."""
    found = number(value.removesuffix("px") if isinstance(value, str) else value)
    return default if found is None or found <= 0 else max(3, -(-int(min(found, 20_000)) // _ROW_HEIGHT_PX))
