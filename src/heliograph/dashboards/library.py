"""All dashboards of a hub: those that were imported, those read from files, and those that come with it."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from heliograph.dashboards.envelope import classic, unwrapped
from heliograph.dashboards.merging import merged, plain
from heliograph.dashboards.shape import Json, text
from heliograph.dashboards.view import View, view_of
from heliograph.errors import NotFound, QueryError
from heliograph.store.dashboards import NEW, DashboardTable, Draft, Saved

READY: Final = ("board", "fleet", "hub", "mqtt")
"""The dashboards that come with the hub, in the order of the list."""
_UID: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KEPT_VIEWS: Final = 16
_TITLE_CHARACTERS: Final = 200
_MESSAGE_CHARACTERS: Final = 500
_MAX_INPUTS: Final = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard with its view."""

    uid: str
    version: int
    view: View
    built_in: bool
    file: str


class Library:
    """The dashboards. Its methods wait for the disk, and for the translation of a large one: for threads."""

    def __init__(self, table: DashboardTable) -> None:
        self.table = table
        self._lock = threading.Lock()
        self._views: OrderedDict[tuple[str, int], View] = OrderedDict()

    def listed(self) -> list[dict[str, Any]]:
        """Return the list: first those that come with the hub, then the others by title."""
        found = {entry.uid: entry for entry in self.table.entries()}
        shown: list[dict[str, Any]] = []
        for uid in READY:
            if uid not in found:
                view = ready_view(uid)
                shown.append(_line(uid, view.dashboard, NEW, 0, view.report, built_in=True))
        for entry in found.values():
            about = {"title": entry.title, "tags": entry.tags}
            built_in = entry.uid in READY
            line = _line(entry.uid, about, entry.version, entry.updated_ms, entry.report, built_in=built_in)
            shown.append(line | {"provisioned": bool(entry.file)})
        return sorted(shown, key=lambda one: READY.index(one["uid"]) if one["built_in"] else len(READY))

    def shown(self, uid: str) -> Shown:
        """Return a dashboard with its view.

        Raises:
            NotFound: there is no such dashboard.
        """
        entry = self.table.entry(uid)
        if entry is None:
            return Shown(uid, NEW, ready_view(uid), built_in=True, file="")
        view = self._view(self.table.saved(uid, entry.version))
        return Shown(uid, entry.version, view, uid in READY, entry.file)

    def document(self, uid: str) -> Json:
        """Return a dashboard as it came, with what was changed of it since.

        Raises:
            NotFound: there is no such dashboard.
        """
        entry = self.table.entry(uid)
        return ready_document(uid) if entry is None else self.table.saved(uid, entry.version).document

    def _view(self, saved: Saved) -> View:
        key = saved.uid, saved.version
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
                return self._views[key]
        view = view_of(saved.document, saved.inputs)
        with self._lock:
            self._views[key] = view
            while len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        return view

    def take(
        self,
        given: object,
        *,
        inputs: Mapping[str, Any],
        message: str = "",
        overwrite: bool = False,
        file: str = "",
        uid: str = "",
    ) -> Shown:
        """Keep a dashboard of any form; one whose uid is there replaces that if wanted, or gets another uid.

        Raises:
            QueryError: it is no dashboard.
            NotPossible: there are too many.
        """
        document = unwrapped(given)
        view = view_of(document, _checked_inputs(inputs))
        uid = uid or text(classic(document).get("uid"))
        if not _UID.fullmatch(uid):
            uid = _new_uid()
        taken = uid in READY or self.table.entry(uid) is not None
        if taken and not overwrite:
            uid = _new_uid()
        draft = _draft(uid, document, view, inputs=inputs, message=message or "imported", file=file)
        version = self.table.save(draft, None if overwrite else NEW)
        return Shown(uid, version, view, uid in READY, file)

    def save_view(self, uid: str, view: object, seen: int, message: str) -> Shown:
        """Bring a changed view back into the document and keep that.

        Raises:
            Outdated: another version was saved meanwhile.
            QueryError: it is no view of a dashboard.
        """
        document = self._changed(uid, view)
        return self._save(uid, document, seen, message=message, file=self.shown(uid).file)

    def copy(self, uid: str, view: object, title: str) -> Shown:
        """Keep a changed view of one dashboard as another one, with all that the view does not show.

        Raises:
            NotFound: there is no such dashboard.
            QueryError: it is no view of a dashboard, or the title is missing.
            NotPossible: there are too many.
        """
        if not title.strip():
            raise QueryError("title must say how the new dashboard is called; it is empty")
        other = _new_uid()
        own = {"id": None, "uid": other, "title": title.strip()}
        document = classic(self._changed(uid, view)) | own
        inputs = self._inputs(uid)
        made = view_of(document, inputs)
        draft = _draft(other, document, made, inputs=inputs, message=f"made from {uid}", file="")
        return Shown(other, self.table.save(draft, NEW), made, built_in=False, file="")

    def _changed(self, uid: str, view: object) -> Json:
        """Return the document with what a view changes of it."""
        if not isinstance(view, dict) or not isinstance(view.get("panels"), list):
            raise QueryError("view must be a dashboard as GET gave it, with panels")
        unwrapped(view)
        return merged(self.document(uid), self.shown(uid).view.dashboard, view)

    def save_document(self, uid: str, given: object, seen: int, message: str) -> Shown:
        """Replace the whole document; raises as :meth:`save_view` does."""
        return self._save(uid, unwrapped(given), seen, message=message, file=self.shown(uid).file)

    def restore(self, uid: str, version: int) -> Shown:
        """Make an older version the newest, as a version of its own: that can be undone, too.

        Raises:
            NotFound: there is no such version.
        """
        entry = self.table.entry(uid)
        if entry is None:
            raise NotFound("dashboard with versions", uid)
        saved = self.table.saved(uid, version)
        message = f"version {version} again"
        return self._save(
            uid, saved.document, entry.version, message=message, file=entry.file, inputs=saved.inputs
        )

    def _save(
        self,
        uid: str,
        document: Json,
        seen: int,
        *,
        message: str,
        file: str,
        inputs: Mapping[str, Any] | None = None,
    ) -> Shown:
        if inputs is None:
            inputs = {} if seen == NEW or self.table.entry(uid) is None else self._inputs(uid)
        view = view_of(document, inputs)
        draft = _draft(uid, document, view, inputs=inputs, message=message, file=file)
        version = self.table.save(draft, seen)
        return Shown(uid, version, view, uid in READY, file)

    def _inputs(self, uid: str) -> dict[str, Any]:
        entry = self.table.entry(uid)
        return {} if entry is None else self.table.saved(uid, entry.version).inputs

    def delete(self, uid: str) -> None:
        """Remove a dashboard with its versions; one that comes with the hub is then as it came.

        Raises:
            NotFound: there is no such dashboard.
        """
        if self.table.entry(uid) is None:
            raise NotFound("dashboard", uid)
        self.table.delete(uid)


@cache
def ready_document(uid: str) -> Json:
    """Return a dashboard that comes with the hub.

    Raises:
        NotFound: none does under this name.
    """
    if uid not in READY:
        raise NotFound("dashboard", uid)
    path = files("heliograph.dashboards") / "ready" / f"{uid}.json"
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document


@cache
def ready_view(uid: str) -> View:
    """Return the view of :func:`ready_document`; raises as that does."""
    return view_of(ready_document(uid), {})


def _line(uid: str, about: Json, version: int, updated_ms: int, report: Json, *, built_in: bool) -> Json:
    return {
        "uid": uid,
        "title": about["title"],
        "tags": about["tags"],
        "version": version,
        "updated_ms": updated_ms,
        "built_in": built_in,
        "provisioned": False,
        "panels": report["panels"],
        "degraded": len(report["degraded"]) + len(report["unsupported"]),
    }


def _draft(
    uid: str, document: Json, view: View, *, inputs: Mapping[str, Any], message: str, file: str
) -> Draft:
    shown = plain(view.dashboard)
    title = str(shown["title"])[:_TITLE_CHARACTERS]
    tags = [str(tag)[:_TITLE_CHARACTERS] for tag in shown["tags"][:50]]
    return Draft(uid, title, tags, document, inputs, view.report, message[:_MESSAGE_CHARACTERS], file)


def _new_uid() -> str:
    return secrets.token_hex(7)


def _checked_inputs(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(inputs) > _MAX_INPUTS or not all(isinstance(value, str) for value in inputs.values()):
        raise QueryError(
            f"inputs must be an object of at most {_MAX_INPUTS} texts: a bucket or a constant each"
        )
    return inputs
