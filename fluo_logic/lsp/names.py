"""The names in recorded traces, read in the background and again when a file or a setting changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from fluo_logic.errors import FluoError
from fluo_logic.lsp.vocabulary import Stamp, Vocabulary, of_traces, stamps

ConfiguredTraces = Callable[[Path], Sequence[str]]
"""Returns the trace inputs that the configuration file of a folder names; raises `FluoError` where it is wrong."""


@dataclass(slots=True)
class Names:
    """Keeps the names in traces.

    Attributes:
        configured: reads the configuration file of a folder.
        log: is told, in a thread, what was read and what was not.
        folders: the folders of the workspace.
        given: trace inputs that the editor names; where it names none, the configuration files do.
    """

    configured: ConfiguredTraces
    log: Callable[[str], None]
    folders: list[Path] = field(default_factory=list)
    given: tuple[str, ...] | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    _files: tuple[Stamp, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _waiting: bool = False

    def refresh(self, executor: Executor) -> None:
        """Look in the background whether something changed; several requests at once are one."""
        with self._lock:
            if self._waiting or self._stopped.is_set():
                return
            self._waiting = True
        executor.submit(self._refresh)

    def stop(self) -> None:
        """Read no more."""
        self._stopped.set()

    def _refresh(self) -> None:
        with self._lock:
            self._waiting = False
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - names are a convenience: without them everything else goes on
            self.log(f"the names in traces cannot be read: {type(error).__name__}: {error}")

    def read(self) -> None:
        """Read the traces again if one has changed."""
        files = self._look()
        if files == self._files:
            return
        vocabulary, notes = of_traces(files, self._stopped.is_set)
        if self._stopped.is_set():
            return
        self._files, self.vocabulary = files, vocabulary
        for note in notes[:20]:
            self.log(note)
        self.log(f"{vocabulary.count:,} spans of {len(vocabulary.spans):,} names in {len(files):,} trace files")

    def _look(self) -> tuple[Stamp, ...]:
        found: list[Stamp] = []
        for folder in self.folders or [Path()]:
            inputs = self.given
            if inputs is None:
                try:
                    inputs = tuple(self.configured(folder))
                except FluoError as error:
                    self.log(f"{error.where or folder}: {error.message}")
                    inputs = ()
            found.extend(stamps(inputs, folder))
        return tuple(dict.fromkeys(found))
