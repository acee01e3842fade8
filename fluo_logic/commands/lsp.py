"""``fluo lsp``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_OK, ConfigError

EXIT_LEFT: int = 1
"""The editor left without asking for the shutdown, as the protocol has it."""


def run(_: Namespace) -> int:
    """Serve an editor on standard input and output; return the exit status that the protocol asks for."""
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        raise ConfigError(
            code="C140",
            message="the language server needs the package `pygls`, which is not installed",
            hint="pip install 'fluo_logic[lsp]'",
        )
    from fluo_logic.lsp.server import Server  # noqa: PLC0415 - start-up counts, and pygls may not be there

    # Nothing else may write between the messages.
    writing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return EXIT_OK if Server(configured_traces).serve(sys.stdin.buffer, writing) else EXIT_LEFT


def configured_traces(folder: Path) -> Sequence[str]:
    """Return the trace inputs that the configuration file of a folder names.

    Raises:
        ConfigError: the file is wrong.
    """
    return read_settings(Namespace(), folder=folder).traces
