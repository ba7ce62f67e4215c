"""``helio query``: questions in SQL, InfluxQL and Flux, one at a time or in a shell of its own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from heliograph.cli.endpoint import Endpoint
    from heliograph.cli.questions.answers import Question

PARQUET: Final = "parquet"
_EPILOG: Final = """\
Without --lang the text tells the language: Flux has |> or begins with from(bucket: …); InfluxQL begins with
SHOW, CREATE, DELETE and so on, or is a SELECT with something that SQL has not (=~ /…/, GROUP BY time(…), 1h,
fill(…)), or several statements; everything else is SQL. There each measurement is a table with its tags, its
fields and time (UTC).

Examples:
  helio query "SELECT time, usage_user FROM cpu WHERE cpu = 'cpu-total' ORDER BY time LIMIT 5"
  helio query 'SELECT mean(usage_user) FROM cpu WHERE time > now() - 1h GROUP BY time(5m)'
  helio query 'from(bucket: "telegraf") |> range(start: -1h) |> last()' --format json
  helio query "SELECT * FROM cpu" --format parquet --output cpu.parquet
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        help='the question; "-" reads it from standard input; without it a shell opens at a terminal',
    )
    parser.add_argument(
        "--lang", choices=("sql", "influxql", "flux"), help="the language, instead of telling it by the text"
    )
    parser.add_argument(
        "--bucket", default="telegraf", help="the bucket to ask (%(default)s); Flux names its own"
    )
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json", PARQUET),
        default="table",
        help="how to print (%(default)s); csv of Flux is annotated CSV",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the answer to this file")
    parser.add_argument(
        "--epoch",
        choices=("ns", "us", "ms", "s", "m", "h"),
        default="",
        help="show times as numbers of this unit since 1970, instead of dates",
    )


def run(args: argparse.Namespace) -> int:
    """Ask the hub and print its answer, or open the shell."""
    from heliograph.errors import ConfigError

    if args.format == PARQUET and args.output is None:
        raise ConfigError("--format parquet needs --output FILE: it is nothing for a terminal")
    if args.text is None and sys.stdin.isatty():
        from heliograph.cli.questions.shell import run_shell

        return run_shell(args)
    text = sys.stdin.read() if args.text in (None, "-") else args.text
    if not text.strip():
        raise ConfigError("the question is empty; expected SQL, InfluxQL or Flux")
    return _answer(text, args)


def _answer(text: str, args: argparse.Namespace) -> int:
    from heliograph.cli.hub_client import hub
    from heliograph.cli.questions.answers import Question
    from heliograph.cli.questions.language import Language, guess
    from heliograph.errors import ConfigError, QueryError

    language = Language(args.lang) if args.lang else guess(text)
    question = Question(text, language, args.bucket, args.epoch)
    if args.format == PARQUET and language is Language.FLUX:
        raise ConfigError("Flux is not answered in Parquet; ask in SQL or InfluxQL, or take csv")
    try:
        _print_or_write(hub(), question, args)
    except QueryError as error:
        if args.lang or language is Language.FLUX:
            raise
        raise QueryError(f"{error}\n(read as {language.shown}; --lang chooses another language)") from error
    return 0


def _print_or_write(endpoint: Endpoint, question: Question, args: argparse.Namespace) -> None:
    if args.format == PARQUET:
        _write_parquet(endpoint, question, args.output)
    elif args.output is None:
        _print(endpoint, question, args.format, sys.stdout, guessed=not args.lang)
    else:
        with replaced(args.output) as part, part.open("w", encoding="utf-8", newline="") as out:
            _print(endpoint, question, args.format, out)


def _print(
    endpoint: Endpoint, question: Question, format_: str, out: TextIO, *, guessed: bool = False
) -> None:
    from heliograph.cli.questions.printing import print_answer

    count = print_answer(endpoint, question, format_, out)
    if format_ == "table":
        read = f" (read as {question.language.shown})" if guessed else ""
        print(f"{count} row{'' if count == 1 else 's'}{read}", file=sys.stderr)


def _write_parquet(endpoint: Endpoint, question: Question, path: Path) -> None:
    from heliograph.cli.questions.answers import parquet

    with replaced(path) as part, part.open("wb") as out:
        out.writelines(parquet(endpoint, question))


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place when the block ends well, and goes when it does not."""
    from heliograph.errors import ConfigError

    part = path.with_name(f"{path.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666))
        yield part
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror or error}", path=path) from error
    finally:
        part.unlink(missing_ok=True)
