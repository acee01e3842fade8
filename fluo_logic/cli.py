"""The command ``fluo``: arguments to pipeline to report.

Exit status, the first that applies:

=== ==============================================================================================
2   a rule is wrong
3   usage, configuration or input is wrong; what could be read of the input was checked and reported
1   something is violated, of at least the severity of ``--fail-on``
4   only with ``--strict``: nothing violated, but something inconclusive or pending, of that severity
0   none of these
=== ==============================================================================================

So a status of 0 is never given for inputs of which a part was lost.  130 is an interruption (Ctrl-C), 141 that the
reader of the output went away, 70 a defect of fluo itself (``FLUO_DEBUG=1`` shows the traceback).
"""

from __future__ import annotations

import atexit
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from fluo_logic.errors import EXIT_INTERNAL, ConfigError, FluoError, render_error

EXIT_INTERRUPTED: Final = 130
EXIT_PIPE: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv`` (by default that of the process) and return its exit status."""
    _open_streams()
    try:
        try:
            status = _run(sys.argv[1:] if argv is None else argv)
        except FluoError as error:
            status = _report(error)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        status = EXIT_PIPE
    except OSError as error:
        _drop_output()
        named = f"`{error.filename}`: " if error.filename is not None else ""
        message = f"the system refused to read or write: {named}{(error.strerror or str(error)).lower()}"
        status = _report(ConfigError(code="C122", message=message))
    except Exception as error:  # noqa: BLE001 - the last resort: a user never sees a traceback unasked
        status = _defect(error)
    return status


def entry() -> NoReturn:
    """Run the command, and end the process without taking apart what it holds: of large inputs that takes a while."""
    status = main()
    # What has to be cleared away is registered there: folders of what was spilled, other processes.
    atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter would call
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _open_streams() -> None:
    """Give a process that was started without standard streams somewhere to write."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the exit


def _drop_output() -> None:
    """Let what is still buffered for standard output vanish, or the interpreter would complain of it at its exit."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # a stream that stands in for the real one
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _run(arguments: Sequence[str]) -> int:
    from fluo_logic.commands.arguments import parse_arguments  # noqa: PLC0415 - so that what it raises is reported

    parsed = parse_arguments(arguments)
    if isinstance(parsed, int):
        return parsed
    return _verb(parsed.verb)(parsed)


def _verb(name: str) -> Callable[[Namespace], int]:
    """Return the function of a verb; its module, of the same name, is imported only now, because start-up counts."""
    from importlib import import_module  # noqa: PLC0415 - likewise

    run: Callable[[Namespace], int] = import_module(f"fluo_logic.commands.{name}").run
    return run


def _report(error: FluoError) -> int:
    errors: Sequence[FluoError] = getattr(error, "errors", (error,))
    sys.stderr.write("\n\n".join(render_error(one) for one in errors) + "\n")
    if error.exit_status == EXIT_INTERNAL:
        sys.stderr.write(_request())
        _traceback()
    return error.exit_status


def _defect(error: Exception) -> int:
    said = " ".join(str(error).split())
    sys.stderr.write(f"error[X999]: {type(error).__name__}{f': {said}' if said else ''}\n")
    sys.stderr.write(_request())
    _traceback()
    return EXIT_INTERNAL


def _request() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - only a defect needs it

    return (
        f"  = this is a defect of fluo {version('fluo_logic')} (Python {platform.python_version()}, {sys.platform}); "
        "please report it with the rules and traces at hand\n"
        "  = hint: FLUO_DEBUG=1 shows the traceback\n"
    )


def _traceback() -> None:
    if os.environ.get("FLUO_DEBUG"):
        import traceback  # noqa: PLC0415 - likewise

        traceback.print_exc()


if __name__ == "__main__":
    entry()
