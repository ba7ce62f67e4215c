"""The shell of ``helio query``: questions one after another, with history and completion."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from heliograph.cli.endpoint import Endpoint
from heliograph.cli.hub_client import hub
from heliograph.cli.questions.answers import Question
from heliograph.cli.questions.colours import QuestionLexer
from heliograph.cli.questions.completion import QuestionCompleter
from heliograph.cli.questions.language import Language, guess, unfinished
from heliograph.cli.questions.names import Names
from heliograph.cli.questions.printing import PRINTERS, print_answer
from heliograph.cli.questions.times import UNITS_NS
from heliograph.config.home import home_folder
from heliograph.errors import ConfigError, Error

HISTORY_FILE: Final = "query_history"
_HISTORY_BYTES: Final = 1024 * 1024
_LEAVE: Final = frozenset({"exit", "quit", "\\q", "\\quit"})
_HELP: Final = """\
Type a question in SQL, InfluxQL or Flux; Enter asks it. It goes on with the next line while a bracket or
quote is open, while something must follow, and in Flux of several lines until an empty line. Alt-Enter begins
a new line anyway. Tab completes, the arrows bring back what was asked, Ctrl-C cancels, Ctrl-D leaves.

  \\use BUCKET        ask another bucket (Flux names its own)
  \\lang LANGUAGE     sql, influxql or flux; auto tells it by the text
  \\format FORMAT     table, csv or json
  \\epoch UNIT        show times as numbers of ns, us, ms, s, m or h; off shows dates
  \\timing            say how long each answer took, or stop saying it
  \\help, \\quit"""


@dataclass(slots=True)
class _State:
    """What the commands of the shell set."""

    bucket: str
    format: str
    language: Language | None
    unit: str
    timing: bool = False


class Shell:
    """Answers what is typed."""

    def __init__(self, endpoint: Endpoint, state: _State) -> None:
        self._hub = endpoint
        self._names = Names(endpoint)
        self._state = state
        self._commands: dict[str, Callable[[str], None]] = {
            "\\use": self._use,
            "\\lang": self._lang,
            "\\format": self._format,
            "\\epoch": self._epoch,
            "\\timing": self._timing,
            "\\help": lambda _: print(_HELP),
        }

    @property
    def prompt(self) -> str:
        """The bucket, and the language where it is chosen."""
        language = f" {self._state.language.value}" if self._state.language else ""
        return f"{self._state.bucket}{language}> "

    def completer(self) -> QuestionCompleter:
        """Return what completes the text that is typed."""
        return QuestionCompleter(self._names, lambda text: (self._language(text), self._state.bucket))

    def handle(self, text: str) -> None:
        """Answer a question or carry out a command; what is wrong with it is printed."""
        try:
            if text.startswith("\\"):
                self._command(text)
            elif text:
                self._answer(text)
        except KeyboardInterrupt:
            print("\nCancelled.", file=sys.stderr)
        except Error as error:
            print(error, file=sys.stderr)

    def _language(self, text: str) -> Language:
        return self._state.language or guess(text)

    def _answer(self, text: str) -> None:
        language = self._language(text)
        text = text.rstrip().removesuffix(";") if language is Language.FLUX else text
        began = time.monotonic()
        question = Question(text, language, self._state.bucket, self._state.unit)
        rows = print_answer(self._hub, question, self._state.format, sys.stdout)
        words = [] if rows is None else [f"{rows} row{'' if rows == 1 else 's'}"]
        words += [f"{time.monotonic() - began:.3f} s"] if self._state.timing else []
        if words:
            print(f"({', '.join(words)})")

    def _command(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        work = self._commands.get(name)
        if work is None:
            raise ConfigError(f"{name} is no command here; known are {', '.join(self._commands)} and \\quit")
        work(argument.strip())

    def _use(self, bucket: str) -> None:
        self._names.forget()
        known = self._names.buckets()
        if not bucket or (known and bucket not in known):
            raise ConfigError(f"expected a bucket, {bucket or 'nothing'} came; there are {', '.join(known)}")
        self._state.bucket = bucket

    def _lang(self, language: str) -> None:
        chosen = _one_of(language, ["auto", *(one.value for one in Language)])
        self._state.language = None if chosen == "auto" else Language(chosen)

    def _format(self, format_: str) -> None:
        self._state.format = _one_of(format_, PRINTERS)

    def _epoch(self, unit: str) -> None:
        chosen = _one_of(unit, ["off", *UNITS_NS])
        self._state.unit = "" if chosen == "off" else chosen

    def _timing(self, _: str) -> None:
        self._state.timing = not self._state.timing
        print(f"Timing is {'on' if self._state.timing else 'off'}.")


def run_shell(args: argparse.Namespace) -> int:
    """Answer questions until Ctrl-D; return the exit status."""
    endpoint = hub()
    endpoint.json("GET", "/ping")  # nobody should type a question to find that no hub is there
    language = Language(args.lang) if args.lang else None
    shell = Shell(endpoint, _State(args.bucket, args.format, language, args.epoch))
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(private_history(home_folder(os.environ)))),
        completer=shell.completer(),
        complete_in_thread=True,
        complete_while_typing=False,
        lexer=QuestionLexer(),
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation=lambda width, *_: "." * (width - 1) + " ",
    )
    print(f"{endpoint.url}: SQL, InfluxQL and Flux. \\help tells more, Ctrl-D leaves.")
    while True:
        try:
            text = session.prompt(lambda: shell.prompt).strip()
            if text.rstrip(";").lower() in _LEAVE:
                return 0
            shell.handle(text)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return 0


def private_history(folder: Path) -> Path:
    """Return the file of what was asked, readable by its owner only, and cut where it grew long."""
    path = folder / HISTORY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
        if path.stat().st_size > _HISTORY_BYTES:
            kept = path.read_bytes()[-_HISTORY_BYTES // 2 :]
            path.write_bytes(kept[kept.find(b"\n\n") + 1 :])
    except OSError as error:
        raise ConfigError(
            f"what is asked cannot be kept there: {error.strerror}; set HELIO_HOME to a folder of yours",
            path=path,
        ) from error
    return path


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        typed = event.current_buffer
        if typed.complete_state is not None and typed.complete_state.current_completion is not None:
            typed.complete_state = None  # what is marked in the menu is taken, and nothing asked yet
        elif not typed.text.startswith("\\") and unfinished(typed.text):
            typed.insert_text("\n")
        else:
            typed.validate_and_handle()

    @keys.add("escape", "enter")
    def _line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _one_of(word: str, known: Any) -> str:
    if word not in known:
        raise ConfigError(f"expected one of {', '.join(known)}; {word or 'nothing'} came")
    return word
