"""From what the user hands over (file, folder, glob, URL, ``-``, bytes, spans of some kind) to named, opened inputs."""

from __future__ import annotations

import glob
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeAlias, TypeGuard, Union

from fluo_logic.errors import InputError
from fluo_logic.facts.problems import Code, ProblemLog
from fluo_logic.facts.readers import frames, remote, sdk

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from fluo_logic.facts.readers.otlp_proto import OtlpMessage

TraceInput: TypeAlias = Union[
    str, "os.PathLike[str]", bytes, "OtlpMessage", "ReadableSpan", "Iterable[ReadableSpan]", "SupportsArrow"
]
"""What traces can be read from."""


class SupportsArrow(Protocol):
    """A DataFrame: what hands out its columns by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule with an Arrow stream."""


MESSAGES: Final = frozenset(
    {
        "opentelemetry.proto.trace.v1.TracesData",
        "opentelemetry.proto.trace.v1.ResourceSpans",
        "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest",
    }
)
MISUSED: Final = "I100"

ENDINGS: Final = frozenset({".json", ".jsonl", ".ndjson", ".otlp", ".pb", ".binpb", ".bin", ".parquet", ".arrow"})
COMPRESSED_ENDINGS: Final = frozenset({".gz", ".zst", ".zstd"})
STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its log, which names it, and its content (None: it could not be opened, as the log says)."""

    log: ProblemLog
    content: bytes | OtlpMessage | list[ReadableSpan] | frames.Frame | None
    path: Path | None = None
    """The file that the content is, if it is one."""
    url: str | None = None
    """The URL of what somebody else is to open."""


def open_all(
    inputs: TraceInput | Iterable[TraceInput], stdin: BinaryIO | None, *, listed: bool = False
) -> Iterator[Source]:
    """Yield every input opened, in the order given; a file that is named twice comes once.

    SDK spans that stand among the inputs singly are one source, at the end.  With ``listed`` files and URLs are only
    named: their content is empty.  Raises `InputError` for an object that cannot hold traces.
    """
    single = isinstance(inputs, str | bytes | bytearray | memoryview | os.PathLike) or is_message(inputs)
    items = [inputs] if single or sdk.is_sdk_span(inputs) or frames.is_frame(inputs) else inputs
    if not isinstance(items, Iterable):
        raise _misused(items)
    seen: set[str] = set()
    numbers: Counter[str] = Counter()
    spans: list[ReadableSpan] = []
    for item in items:
        if isinstance(item, str | os.PathLike):
            for source in open_path(os.fspath(item), stdin, listed=listed):
                is_file = source.content is not None and not remote.is_url(source.log.name)
                identity = os.path.realpath(source.log.name) if is_file else source.log.name
                if identity not in seen:
                    seen.add(identity)
                    yield source
        elif isinstance(item, bytes | bytearray | memoryview):
            yield Source(_numbered("bytes", numbers), bytes(item))
        elif is_message(item):
            yield Source(_numbered("message", numbers), item)
        elif sdk.is_sdk_span(item):
            spans.append(item)
        elif frames.is_frame(item):
            yield Source(_numbered("frame", numbers), frames.Frame(item))
        elif isinstance(item, Iterable):
            yield Source(_numbered("spans", numbers), [_sdk_span(member) for member in item])
        else:
            raise _misused(item)
    if spans:
        yield Source(_numbered("spans", numbers), spans)


def is_message(item: object) -> TypeGuard[OtlpMessage]:
    """Return whether ``item`` is a protobuf message with traces, without importing protobuf."""
    return getattr(getattr(item, "DESCRIPTOR", None), "full_name", None) in MESSAGES


def _sdk_span(item: object) -> ReadableSpan:
    if sdk.is_sdk_span(item):
        return item
    raise _misused(item)


def _numbered(name: str, numbers: Counter[str]) -> ProblemLog:
    numbers[name] += 1
    return ProblemLog(f"<{name}>" if numbers[name] == 1 else f"<{name} {numbers[name]}>")


def _misused(item: object) -> InputError:
    return InputError(
        MISUSED,
        f"traces cannot be read from an object of type `{type(item).__name__}`.",
        hint="Pass paths, bytes, messages of opentelemetry-proto, spans of the OpenTelemetry SDK, or a DataFrame.",
    )


def open_path(named: str, stdin: BinaryIO | None, *, listed: bool = False) -> Iterator[Source]:
    """Yield the sources that a path, a folder, a glob, a URL or ``-`` stands for, in a fixed order."""
    read = _listed_file if listed else read_file
    if named == STDIN:
        yield _read_stdin(stdin)
        return
    if remote.is_url(named) and listed:
        yield from (
            Source(ProblemLog(remote.shown(url)), b"", url=url) for url in remote.list_url(named, _has_known_ending)
        )
        return
    if remote.is_url(named):
        yield from (Source(log, content) for log, content in remote.read_url(named, _has_known_ending))
        return
    path = Path(named)
    is_data = named.lstrip()[:1] in {"{", "["} and '"' in named
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # permission on the way to it, or a NUL in the name
        yield _failed(named, Code.NOT_OPENED, f"`{named}` cannot be opened: {_reason(error)}.")
        return
    if is_folder:
        yield from _read_folder(path, read)
    elif exists or path.is_symlink():
        yield read(path)
    elif glob.has_magic(named) and not is_data:
        found = [Path(name) for name in sorted(glob.glob(named, recursive=True))]  # noqa: PTH207  # the pattern may be absolute
        files = [file for file in found if not file.is_dir()]
        yield from (read(file) for file in files)
        if not files:
            yield _failed(named, Code.NOTHING_THERE, f"no file matches `{named}`.")
    else:
        hint = "To check trace data itself, pass bytes." if is_data else None
        yield _failed(named, Code.NOT_FOUND, f"there is no file or folder `{named}`.", hint)


def _listed_file(path: Path) -> Source:
    return Source(ProblemLog(str(path)), b"", path)


def read_file(path: Path, name: str | None = None) -> Source:
    """Return a file as a source, as it was when it was opened; ``name`` is what reports call it."""
    log = ProblemLog(str(path) if name is None else name)
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            # Pipes, and files of the system that are made as they are read, have no size.
            data = file.read(before.st_size) if before.st_size else file.read()
            after = os.fstat(file.fileno())
    except OSError as error:
        log.report(Code.NOT_OPENED, "", f"the file cannot be read: {_reason(error)}.")
        return Source(log, None)
    if before.st_size and len(data) < before.st_size:
        message = f"the file was cut from {before.st_size} to {len(data)} bytes while it was read."
        log.report(Code.FILE_CHANGED, f"byte {len(data)}", message)
    elif before.st_size and after.st_size > before.st_size:
        message = f"the file grew from {before.st_size} to {after.st_size} bytes while it was read."
        log.report(Code.FILE_GREW, f"byte {before.st_size}", message)
    elif before.st_size and after.st_mtime_ns != before.st_mtime_ns:
        log.report(Code.FILE_CHANGED, "", "the file was written to while it was read.")
    return Source(log, data, path)


def _read_stdin(stdin: BinaryIO | None) -> Source:
    log = ProblemLog("<stdin>")
    try:
        return Source(log, (stdin or sys.stdin.buffer).read())
    except (OSError, ValueError) as error:
        log.report(Code.NOT_OPENED, "", f"standard input cannot be read: {_reason(error)}.")
        return Source(log, None)


def _read_folder(folder: Path, read: Callable[[Path], Source]) -> Iterator[Source]:
    """Yield the trace files below ``folder``: those with known endings, hidden ones left out, sorted by path."""
    failed: list[OSError] = []
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=failed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files.extend(Path(parent, name) for name in names if _has_known_ending(name))
    yield from (read(file) for file in sorted(files))
    for error in failed:
        yield _failed(str(error.filename), Code.NOT_OPENED, f"the folder cannot be searched: {_reason(error)}.")
    if not files and not failed:
        yield _failed(str(folder), Code.NOTHING_THERE, f"the folder `{folder}` holds no trace files.")


def _has_known_ending(name: str) -> bool:
    path = Path(name)
    ending = Path(path.stem).suffix if path.suffix.lower() in COMPRESSED_ENDINGS else path.suffix
    return ending.lower() in ENDINGS and not name.startswith(".")


def _failed(name: str, code: Code, message: str, hint: str | None = None) -> Source:
    log = ProblemLog(name)
    log.report(code, "", message, hint=hint)
    return Source(log, None)


def _reason(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"{reason[:1].lower()}{reason[1:]}"
