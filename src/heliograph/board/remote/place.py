"""An app's folder on a board: what a sync wrote there, what it would change, and the versions before.

Below the folder of an app there are::

    src/          the project (or where board.toml says)
    state.json    what syncs wrote into it: nothing else is ever deleted
    incoming/     contents by digest, until a commit renames them into place; a cut link leaves them here
    releases/N/   the files of version N, hard links of what was in place
    replaced/     what somebody changed on the board, and a sync replaced
"""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import stat
import time
from typing import Any, BinaryIO, Dict, List, Optional, Set

from heliograph.board.remote.contents import (
    Answer,
    Entry,
    Files,
    Problem,
    checked,
    chunks,
    digest_of,
    forget_compiled,
    kind_of,
    link_or_copy,
    lstat,
    remove_tree,
    take,
    write_json,
)

KEPT_RELEASES = 5
KEPT_REPLACED = 20
STALE_SECONDS = 86400
SPARE_BYTES = 4 * 1024 * 1024


class App:
    """The folder of an app, and the folder that its files are in."""

    def __init__(self, base: str, root: str) -> None:
        self.base = base
        self.root = root
        self.state_file = os.path.join(base, "state.json")
        self.incoming = os.path.join(base, "incoming")
        self.releases = os.path.join(base, "releases")
        for folder in (base, root, self.incoming, self.releases):
            os.makedirs(folder, exist_ok=True)
        os.chmod(base, 0o700)
        self.folders: Set[str] = set()
        self.read_anew: Set[str] = set()
        self.turned: Set[str] = set()
        self.state: Answer = {"token": "", "version": 0, "files": {}}
        self.load()

    def load(self) -> None:
        try:
            with open(self.state_file) as file:
                self.state = json.load(file)
        except (OSError, ValueError):  # never written, or damaged: then nothing here is ours to delete
            pass

    def place(self, name: str) -> str:
        return os.path.join(self.root, *name.split("/"))

    def seen(self, name: str, found: os.stat_result, trust: bool = True) -> Entry:
        """What stands at a place: the same four values that the laptop sends."""
        kind = kind_of(found)
        if kind == "l":
            return ["l", 0, os.readlink(self.place(name)), 0]
        mode = stat.S_IMODE(found.st_mode) & 0o777
        if kind != "f":
            return [kind, mode, "", 0]
        known = self.state["files"].get(name)
        stamp = [found.st_size, found.st_mtime_ns, found.st_ino]
        if trust and known is not None and known[0] == "f" and known[4:] == stamp:
            return ["f", mode, known[2], found.st_size]
        self.read_anew.add(name)
        return ["f", mode, digest_of(self.place(name)), found.st_size]

    def edited(self, name: str, is_now: Entry) -> bool:
        """Whether what stands there is something else than a sync wrote."""
        wrote = self.state["files"].get(name)
        if is_now[0] == "d":
            return wrote is None or wrote[0] != "d"
        return wrote is None or wrote[0] != is_now[0] or wrote[2] != is_now[2]

    def compare(self, files: Files, checksum: bool = False, only: Optional[Set[str]] = None) -> Answer:
        """Tell what a commit of these files would do; with ``only``, as far as these are concerned."""
        answer: Answer = {"new": [], "changed": [], "gone": [], "edited": [], "same": 0}
        self.wanted: Dict[str, int] = {}
        here: Dict[str, str] = {}
        self.folders.clear()
        self.read_anew.clear()
        for name in files if only is None else only.intersection(files):
            entry = files[name]
            found = self.lookup(checked(name))
            is_now = None if found is None else self.seen(name, found, not checksum)
            if is_now is not None and is_now[0] == "f":
                here.setdefault(is_now[2], name)
            if is_now is not None and is_now[:3] == entry[:3]:
                answer["same"] += 1
                continue
            answer["new" if is_now is None else "changed"].append(name)
            if is_now is not None and not is_now[0] == entry[0] == "d" and self.edited(name, is_now):
                answer["edited"].append(name)
            if entry[0] == "f":
                self.wanted[entry[2]] = entry[3]
        for name in self.state["files"] if only is None else only.intersection(self.state["files"]):
            found = None if name in files else self.lookup(name)
            if found is None:
                continue
            is_now = self.seen(name, found, not checksum)
            answer["gone"].append(name)
            if is_now[0] == "f":
                here.setdefault(is_now[2], name)
            if is_now[0] != "d" and self.edited(name, is_now):
                answer["edited"].append(name)
        self.here = here
        return answer

    def lookup(self, name: str) -> os.stat_result | None:
        """The stat of a place, None where nothing is or a parent is no real folder, which is remembered."""
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            above = "/".join(parts[:count])
            if above not in self.folders:
                found = lstat(self.place(above))
                if found is None or not stat.S_ISDIR(found.st_mode):
                    return None
                self.folders.add(above)
        return lstat(self.place(name))

    def missing(self) -> list[Any]:
        """What must be sent: digest, and how much of it is here already."""
        send: List[Any] = []
        for digest, size in self.wanted.items():
            if digest in self.here or lstat(os.path.join(self.incoming, digest)) is not None:
                continue
            part = lstat(os.path.join(self.incoming, digest + ".part"))
            have = part.st_size if part is not None and part.st_size <= size else 0
            send.append([digest, have, size])
        needed: int = sum(size - have for _digest, have, size in send)
        copied = sum(size for digest, size in self.wanted.items() if digest in self.here)
        free = shutil.disk_usage(self.base).free
        if needed + copied and needed + copied + SPARE_BYTES > free:
            raise Problem("space", "not enough space", needed=needed + copied, free=free)
        return send

    def receive(self, digest: str, offset: int, stdin: BinaryIO) -> None:
        """Write one content beside the others; nobody sees it until a commit."""
        part = os.path.join(self.incoming, digest + ".part")
        failed: OSError | None = None
        came = ""
        try:
            with open(part, "r+b" if offset else "wb") as file:
                came, failed = take(file, offset, stdin)
        except OSError as error:  # the file cannot be opened, or a full disk shows when it is closed
            failed = error
            for _chunk in chunks(stdin) if not came else ():
                pass
        if failed is not None or came != digest:
            if lstat(part) is not None:
                os.unlink(part)
            if failed is not None:
                raise failed
            raise Problem("torn", "a file changed while it was read")
        os.replace(part, part[: -len(".part")])

    def commit(
        self,
        files: Files,
        keep: bool,
        checksum: bool = False,
        only: Optional[Set[str]] = None,
        compared: Optional[Answer] = None,
    ) -> Answer:
        """Make the folder hold these files, and nothing else that a sync wrote."""
        answer = self.compare(files, checksum, only) if compared is None else compared
        self.folders = set()
        send = self.missing()
        if send:
            raise Problem("missing", "%d contents have not come" % len(send), send=send)
        turning = answer["new"] + answer["changed"]
        self.turned = set(turning)
        if not turning and not answer["gone"]:
            return dict(answer, version=self.state["version"], token=self.stamp(files, False))
        if keep and self.state["files"]:
            self.snapshot()
        self.stage(files, turning)
        self.claim(files)
        self.opened: set[str] = set()
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = [self.set_aside(name, stamp) for name in answer["edited"]]
        for name in sorted(turning, key=lambda one: (files[one][0] != "d", one.count("/"), one)):
            self.put(name, files[name], stamp)
        for name in sorted(answer["gone"], key=lambda one: -one.count("/")):
            self.drop(name)
        for name in sorted(self.opened.union(turning), key=lambda one: -one.count("/")):
            if name in files and files[name][0] == "d":
                os.chmod(self.place(name), files[name][1])
        token = self.stamp(files, keep)
        self.tidy()
        return dict(answer, version=self.state["version"], token=token, aside=[one for one in aside if one])

    def stage(self, files: Files, turning: list[str]) -> None:
        """Bring contents that are on the board already to where the others are."""
        for name in turning:
            entry = files[name]
            target = os.path.join(self.incoming, entry[2])
            if entry[0] != "f" or lstat(target) is not None:
                continue
            source = self.place(self.here[entry[2]])
            shutil.copyfile(source, target + ".copy")
            os.replace(target + ".copy", target)

    def claim(self, files: Files) -> None:
        """Say what is ours before it is: a commit that power loss breaks off is finished by the next one."""
        fresh = {
            name: entry[:4] + [0, 0, 0] for name, entry in files.items() if name not in self.state["files"]
        }
        if fresh:
            write_json(self.state_file, dict(self.state, token="", files=dict(fresh, **self.state["files"])))

    def stamp(self, files: Files, keep: bool) -> str:
        """Remember what is in place now."""
        held = {}
        fresh = self.turned | self.read_anew
        for name, entry in files.items():
            before = self.state["files"].get(name)
            if before is not None and before[:4] == entry[:4] and name not in fresh:
                held[name] = before
                continue
            found = os.lstat(self.place(name))
            held[name] = entry[:4] + [found.st_size, found.st_mtime_ns, found.st_ino]
        version = self.state["version"]
        if keep or not version:
            version = max([version] + self.kept()) + 1
        same = held == self.state["files"] and version == self.state["version"]
        if not same or not self.state["token"]:
            token = base64.b16encode(os.urandom(8)).decode()
            self.state = {"token": token, "version": version, "files": held}
            write_json(self.state_file, self.state)
        return str(self.state["token"])

    def set_aside(self, name: str, stamp: str) -> str | None:
        """Move what somebody changed on the board out of the way, and say where to."""
        place = self.place(name)
        if lstat(place) is None:
            return None
        target = os.path.join(self.base, "replaced", stamp, *name.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.move(place, target)
        return target

    def put(self, name: str, entry: Entry, stamp: str) -> None:
        place = self.place(name)
        self.make_parents(name, stamp)
        found = lstat(place)
        if found is not None and kind_of(found) == "d" != entry[0]:
            self.clear_folder(name, stamp)
        elif found is not None and entry[0] == "d" != kind_of(found):
            os.unlink(place)
        if entry[0] == "d":
            os.makedirs(place, exist_ok=True)
            os.chmod(place, entry[1] | 0o700)
            return
        fresh = os.path.join(self.incoming, "placing-%d" % os.getpid())
        if lstat(fresh) is not None:
            os.unlink(fresh)
        if entry[0] == "l":
            os.symlink(entry[2], fresh)
        else:
            # A copy for each place but the last would cost nothing more than the test for it.
            source = os.path.join(self.incoming, entry[2])
            if self.shared(entry[2]):
                shutil.copyfile(source, fresh)
            else:
                link_or_copy(source, fresh)
            os.chmod(fresh, entry[1])
        self.move_into(fresh, place)
        if name.endswith(".py"):
            forget_compiled(place)

    def clear_folder(self, name: str, stamp: str) -> None:
        """Make room for a file where a folder was; what is not ours in it is set aside with it."""
        below = [one for one in self.state["files"] if one.startswith(name + "/")]
        for one in sorted(below, key=lambda one: -one.count("/")):
            self.drop(one)
        self.drop(name)
        self.set_aside(name, stamp)

    def shared(self, digest: str) -> bool:
        """Whether a content was put somewhere already: two names must not be one file."""
        return os.stat(os.path.join(self.incoming, digest)).st_nlink > 1

    def move_into(self, fresh: str, place: str) -> None:
        try:
            os.replace(fresh, place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            beside = os.path.join(os.path.dirname(place), ".placing-%d" % os.getpid())
            shutil.move(fresh, beside)
            os.replace(beside, place)

    def make_parents(self, name: str, stamp: str) -> None:
        """Make the folders above, so that no link leads what is written out of the project."""
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            above = "/".join(parts[:count])
            found = lstat(self.place(above))
            if found is not None and not stat.S_ISDIR(found.st_mode):
                wrote = self.state["files"].get(above)
                if wrote is None:
                    self.set_aside(above, stamp)
                else:
                    os.unlink(self.place(above))
                found = None
            if found is None:
                os.mkdir(self.place(above))
            elif not os.access(self.place(above), os.W_OK):
                os.chmod(self.place(above), 0o700)
                self.opened.add(above)

    def drop(self, name: str) -> None:
        place = self.place(name)
        self.folders.clear()
        found = self.lookup(name)
        if found is None:
            return
        if kind_of(found) != "d":
            os.unlink(place)
            if name.endswith(".py"):
                forget_compiled(place)
            return
        remove_tree(os.path.join(place, "__pycache__"))
        try:
            os.rmdir(place)
        except OSError:  # something in it is not ours
            pass

    def snapshot(self) -> None:
        """Keep the version that is in place, as hard links: nothing here is ever written to in place."""
        version = str(self.state["version"])
        fresh = os.path.join(self.releases, version + ".new")
        remove_tree(fresh)
        os.makedirs(os.path.join(fresh, "files"))
        held = {}
        for name, entry in self.state["files"].items():
            found = self.lookup(name)
            if found is None or kind_of(found) != entry[0]:
                continue
            held[name] = self.seen(name, found)
            if entry[0] == "f":
                source, target = self.place(name), os.path.join(fresh, "files", held[name][2])
                if lstat(target) is None:
                    # What somebody edits in place would change under the release as well.
                    if held[name][2] == entry[2]:
                        link_or_copy(source, target)
                    else:
                        shutil.copyfile(source, target)
        write_json(os.path.join(fresh, "files.json"), {"time": time.time(), "files": held})
        remove_tree(os.path.join(self.releases, version))
        os.rename(fresh, os.path.join(self.releases, version))

    def kept(self) -> list[int]:
        return sorted(int(name) for name in os.listdir(self.releases) if name.isdigit())

    def listed(self) -> Answer:
        """The versions that are kept, and the one in place."""
        rows = []
        for version in self.kept():
            with open(os.path.join(self.releases, str(version), "files.json")) as file:
                release = json.load(file)
            rows.append(
                [version, release["time"], sum(1 for one in release["files"].values() if one[0] == "f")]
            )
        return {"version": self.state["version"], "releases": rows}

    def rollback(self, version: int | None) -> Answer:
        """Put a kept version in place; the one that is there now is kept."""
        below = [one for one in self.kept() if one < self.state["version"]]
        chosen = version if version is not None else (below[-1] if below else None)
        if chosen is None or chosen not in self.kept():
            raise Problem("version", "there is no version to go back to", kept=self.kept())
        folder = os.path.join(self.releases, str(chosen))
        with open(os.path.join(folder, "files.json")) as file:
            files = json.load(file)["files"]
        if chosen != self.state["version"]:
            self.snapshot()
        for entry in files.values():
            target = os.path.join(self.incoming, entry[2])
            if entry[0] == "f" and lstat(target) is None:
                shutil.copyfile(os.path.join(folder, "files", entry[2]), target)
        answer = self.commit(files, False)
        self.state = dict(self.state, version=chosen)
        write_json(self.state_file, self.state)
        return dict(answer, version=chosen)

    def tidy(self) -> None:
        for name in os.listdir(self.incoming):
            path = os.path.join(self.incoming, name)
            found = lstat(path)
            stale = found is not None and time.time() - found.st_mtime > STALE_SECONDS
            if found is not None and (stale or not name.endswith(".part")):
                os.unlink(path)
        for version in self.kept()[:-KEPT_RELEASES]:
            remove_tree(os.path.join(self.releases, str(version)))
        replaced = os.path.join(self.base, "replaced")
        for name in sorted(os.listdir(replaced))[:-KEPT_REPLACED] if os.path.isdir(replaced) else []:
            remove_tree(os.path.join(replaced, name))
