"""The files that are open in an editor, each analysed once a version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lsprotocol.types import PositionEncodingKind

from fluo_logic.lsp.analysis import Analysis, analyse
from fluo_logic.lsp.vocabulary import Vocabulary, of_rules


@dataclass(slots=True)
class Document:
    """An open file.  ``known`` are the names in the rules of its latest version that had any."""

    uri: str
    text: str
    version: int | None
    known: Vocabulary = field(default_factory=Vocabulary)
    analysis: asyncio.Future[Analysis] | None = None
    publishing: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Documents:
    """The open files.  Used from the event loop only; texts are analysed one after another in ``executor``."""

    executor: Executor
    encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16
    open: dict[str, Document] = field(default_factory=dict)

    def put(self, uri: str, text: str, version: int | None) -> Document:
        """Note the text of a file, opened or changed."""
        document = self.open.setdefault(uri, Document(uri, text, version))
        if document.analysis is not None:
            # What is asked of an older text is not answered: editors ask again.
            document.analysis.cancel()
        document.text, document.version, document.analysis = text, version, None
        return document

    def remove(self, uri: str) -> bool:
        """Forget a file; return whether it was open."""
        document = self.open.pop(uri, None)
        if document is not None and document.publishing is not None:
            document.publishing.cancel()
        return document is not None

    async def analysis(self, document: Document) -> Analysis:
        """Return the analysis of the text as it is now."""
        if document.analysis is None:
            loop = asyncio.get_running_loop()
            work: Callable[[], Analysis] = _work(document, self.encoding)
            document.analysis = loop.run_in_executor(self.executor, work)
        # A request that is cancelled leaves the analysis to the others that wait for it.
        found = await asyncio.shield(document.analysis)
        if found.rules and found.text == document.text:
            document.known = of_rules(found.rules)
        return found


def _work(document: Document, encoding: PositionEncodingKind | str) -> Callable[[], Analysis]:
    text, path = document.text, path_of(document.uri)
    return lambda: analyse(text, path, encoding)


def path_of(uri: str) -> str:
    """Return the path in a URI as messages name it, whatever its scheme."""
    path = unquote(urlsplit(uri).path)
    return PurePosixPath(path).name or "untitled.fluo"
