"""The language server: the protocol's requests and notifications, each answered from an analysis of the open text.

Texts are analysed in one thread and traces are read in another; the event loop only takes messages and writes them.
A text is checked a moment after it last changed, and what is found of an older version is not published.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

from lsprotocol import types as t
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from fluo_logic.lang.parse import SUFFIX
from fluo_logic.lsp import convert
from fluo_logic.lsp.completion import entries, typed
from fluo_logic.lsp.context import context_at
from fluo_logic.lsp.documents import Document, Documents
from fluo_logic.lsp.fixes import fixes
from fluo_logic.lsp.hover import hover_at
from fluo_logic.lsp.layout import Edit, Refusal, layout_edit
from fluo_logic.lsp.names import ConfiguredTraces, Names
from fluo_logic.lsp.places import bindings, symbols
from fluo_logic.lsp.positions import Positions
from fluo_logic.lsp.vocabulary import Vocabulary

NAME: Final = "fluo"
DEBOUNCE: Final = 0.2
"""Seconds after the last change before a text is checked."""
TRIGGERS: Final = ("$", ".", ":", '"', "(", "{", "[")
CONFIGURATION_FILES: Final = ("**/fluo.toml", "**/pyproject.toml")
SECTION: Final = "fluo"
LANGUAGE: Final = "fluo"
_Handler: TypeAlias = Callable[[Any], Any]


class Server:
    """Answers one editor."""

    def __init__(self, configured: ConfiguredTraces) -> None:
        """Keep how configuration files are read; everything else comes from the editor."""
        self.protocol = LanguageServer(NAME, version("fluo_logic"), t.TextDocumentSyncKind.Full)
        self.analyses = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fluo-analysis")
        self.readers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="fluo-traces")
        self.documents = Documents(self.analyses)
        self.names = Names(configured, self._log_from_thread)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.was_shut_down = False
        _register(self)

    def serve(self, reading: BinaryIO, writing: BinaryIO) -> bool:
        """Serve until the editor leaves; return whether it asked for the shutdown first, as the protocol wants."""
        try:
            self.protocol.start_io(reading, writing)
        finally:
            self.names.stop()
            self.analyses.shutdown(wait=False, cancel_futures=True)
            self.readers.shutdown(wait=False, cancel_futures=True)
        return self.was_shut_down

    # --- start and settings ---------------------------------------------------------------------------------------

    def initialize(self, params: t.InitializeParams) -> None:
        """Take the folders, the options and the counting of positions."""
        self.loop = asyncio.get_running_loop()
        self.documents.encoding = self.protocol.workspace.position_encoding or t.PositionEncodingKind.Utf16
        self.names.given = traces_of(params.initialization_options)
        self._take_folders()

    def initialized(self, _: t.InitializedParams) -> None:
        """Read the traces, and ask to be told when a setting or a file changes."""
        self.names.refresh(self.readers)
        self._watch()

    def change_configuration(self, params: t.DidChangeConfigurationParams) -> None:
        """Take new settings: those of the section ``fluo``, or the settings themselves."""
        settings = params.settings
        inner = settings.get(SECTION) if isinstance(settings, Mapping) else None
        given = traces_of(inner if isinstance(inner, Mapping) else settings)
        if given is not None:
            self.names.given = given
        self.names.refresh(self.readers)

    def change_folders(self, _: t.DidChangeWorkspaceFoldersParams) -> None:
        """Take the folders that are open now."""
        self._take_folders()
        self.names.refresh(self.readers)

    def change_files(self, _: t.DidChangeWatchedFilesParams) -> None:
        """Read the traces again if they changed."""
        self.names.refresh(self.readers)

    def shut_down(self, _: object) -> None:
        """Begin no more work."""
        self.was_shut_down = True
        self.names.stop()

    def _take_folders(self) -> None:
        workspace = self.protocol.workspace
        uris = [folder.uri for folder in workspace.folders.values()]
        if not uris and workspace.root_uri is not None:
            uris = [workspace.root_uri]
        self.names.folders = [Path(path) for path in (to_fs_path(uri) for uri in uris) if path is not None]

    def _watch(self) -> None:
        workspace = self.protocol.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace is not None else None
        if watching is None or not watching.dynamic_registration:
            return
        globs = [*CONFIGURATION_FILES, *(self.names.given or ())]
        watchers = [t.FileSystemWatcher(glob) for glob in globs if not Path(glob).is_absolute()]
        options = t.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = t.Registration("fluo-files", t.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        self.protocol.client_register_capability(t.RegistrationParams([registration]))

    def _log_from_thread(self, message: str) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._log, message)

    def _log(self, message: str) -> None:
        if not self.was_shut_down:
            self.protocol.window_log_message(t.LogMessageParams(t.MessageType.Info, message))

    # --- texts ----------------------------------------------------------------------------------------------------

    def open_text(self, params: t.DidOpenTextDocumentParams) -> None:
        """Check a file that was opened, if it holds rules: some editors send every text."""
        item = params.text_document
        if item.language_id != LANGUAGE and not item.uri.endswith(SUFFIX):
            return
        self._check(self.documents.put(item.uri, item.text, item.version), 0)
        self.names.refresh(self.readers)

    def change_text(self, params: t.DidChangeTextDocumentParams) -> None:
        """Check a file that changed, unless it goes on changing."""
        identity = params.text_document
        if identity.uri not in self.documents.open:
            return
        text = self.protocol.workspace.get_text_document(identity.uri).source
        self._check(self.documents.put(identity.uri, text, identity.version), DEBOUNCE)

    def close_text(self, params: t.DidCloseTextDocumentParams) -> None:
        """Take back what was said of a file."""
        uri = params.text_document.uri
        if self.documents.remove(uri):
            self.protocol.text_document_publish_diagnostics(t.PublishDiagnosticsParams(uri, []))

    def save_text(self, _: t.DidSaveTextDocumentParams) -> None:
        """Read the traces again if they changed."""
        self.names.refresh(self.readers)

    def _check(self, document: Document, delay: float) -> None:
        if document.publishing is not None:
            document.publishing.cancel()
        document.publishing = asyncio.get_running_loop().create_task(self._publish(document, delay))

    async def _publish(self, document: Document, delay: float) -> None:
        current = document.version
        await asyncio.sleep(delay)
        try:
            analysis = await self.documents.analysis(document)
        except Exception as error:  # noqa: BLE001 - a defect of the checker must not end the server
            self._log(f"{document.uri} could not be checked: {type(error).__name__}: {error}")
            return
        if document.version != current or self.documents.open.get(document.uri) is not document:
            return
        found = convert.diagnostics(analysis)
        self.protocol.text_document_publish_diagnostics(t.PublishDiagnosticsParams(document.uri, found, current))

    # --- requests -------------------------------------------------------------------------------------------------

    async def hover(self, params: t.HoverParams) -> t.Hover | None:
        """Return what a word means, or what the rule says."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        analysis = await self.documents.analysis(document)
        found = hover_at(analysis, analysis.positions.offset(params.position))
        if found is None:
            return None
        content = t.MarkupContent(t.MarkupKind.PlainText, found.text)
        return t.Hover(content, analysis.positions.range(found.start, found.end))

    async def complete(self, params: t.CompletionParams) -> t.CompletionList | None:
        """Return what could stand at a place; needs no text that parses."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        positions = Positions(document.text, self.documents.encoding)
        offset = positions.offset(params.position)
        context = context_at(document.text, offset)
        known = Vocabulary()
        known.merge(self.names.vocabulary)
        known.merge(document.known)
        written = typed(context)
        closed = written.startswith('"') and document.text.startswith('"', offset)
        place = positions.range(offset - len(written), offset + closed)
        return convert.completion_list(entries(context, known), place, written, snippets=self._knows_snippets())

    async def format(self, params: t.DocumentFormattingParams) -> list[t.TextEdit] | None:
        """Return the edit that gives a file its canonical layout; none for a file with errors."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        analysis = await self.documents.analysis(document)
        loop = asyncio.get_running_loop()
        match await loop.run_in_executor(self.analyses, layout_edit, analysis):
            case Edit(start, end, new):
                return [t.TextEdit(analysis.positions.range(start, end), new)]
            case Refusal(reason):
                self._log(f"{document.uri}: {reason}")
                return None
            case None:
                return []

    async def symbols(
        self, params: t.DocumentSymbolParams
    ) -> Sequence[t.DocumentSymbol] | Sequence[t.SymbolInformation] | None:
        """Return the outline of a file."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        analysis = await self.documents.analysis(document)
        texts = self.protocol.client_capabilities.text_document
        outline = texts.document_symbol if texts is not None else None
        if outline is not None and outline.hierarchical_document_symbol_support:
            return convert.document_symbols(analysis, symbols(analysis))
        return convert.flat_symbols(analysis, symbols(analysis), document.uri)

    async def definition(self, params: t.DefinitionParams) -> list[t.Location] | None:
        """Return where the variable at a place is bound."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        analysis = await self.documents.analysis(document)
        found = bindings(analysis, analysis.positions.offset(params.position))
        return [t.Location(document.uri, analysis.positions.range(start, end)) for start, end in found]

    async def code_actions(self, params: t.CodeActionParams) -> list[t.CodeAction] | None:
        """Return corrections of what is wrong in a range."""
        document = self.documents.open.get(params.text_document.uri)
        if document is None:
            return None
        analysis = await self.documents.analysis(document)
        start, end = analysis.positions.offset(params.range.start), analysis.positions.offset(params.range.end)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.analyses, lambda: list(fixes(analysis, start, end)))
        return [convert.code_action(analysis, fix, document.uri) for fix in found]

    def _knows_snippets(self) -> bool:
        texts = self.protocol.client_capabilities.text_document
        item = texts.completion.completion_item if texts is not None and texts.completion is not None else None
        return item is not None and bool(item.snippet_support)


def _register(server: Server) -> None:
    handlers: dict[str, _Handler] = {
        t.INITIALIZE: server.initialize,
        t.INITIALIZED: server.initialized,
        t.SHUTDOWN: server.shut_down,
        t.WORKSPACE_DID_CHANGE_CONFIGURATION: server.change_configuration,
        t.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: server.change_folders,
        t.WORKSPACE_DID_CHANGE_WATCHED_FILES: server.change_files,
        t.TEXT_DOCUMENT_DID_OPEN: server.open_text,
        t.TEXT_DOCUMENT_DID_CHANGE: server.change_text,
        t.TEXT_DOCUMENT_DID_CLOSE: server.close_text,
        t.TEXT_DOCUMENT_DID_SAVE: server.save_text,
        t.TEXT_DOCUMENT_HOVER: server.hover,
        t.TEXT_DOCUMENT_COMPLETION: server.complete,
        t.TEXT_DOCUMENT_FORMATTING: server.format,
        t.TEXT_DOCUMENT_DOCUMENT_SYMBOL: server.symbols,
        t.TEXT_DOCUMENT_DEFINITION: server.definition,
        t.TEXT_DOCUMENT_CODE_ACTION: server.code_actions,
    }
    options = {
        t.TEXT_DOCUMENT_COMPLETION: t.CompletionOptions(trigger_characters=list(TRIGGERS)),
        t.TEXT_DOCUMENT_CODE_ACTION: t.CodeActionOptions(code_action_kinds=[t.CodeActionKind.QuickFix]),
    }
    for method, handler in handlers.items():
        server.protocol.feature(method, options.get(method))(_function(handler))


def _function(handler: _Handler) -> _Handler:
    """Return a method as a function, on which pygls can keep its notes."""
    if inspect.iscoroutinefunction(handler):

        async def answer(params: Any) -> object:  # noqa: ANN401 - each handler says what it takes
            return await handler(params)

        return answer

    def take(params: Any) -> object:  # noqa: ANN401 - likewise
        return handler(params)

    return take


def traces_of(settings: object) -> tuple[str, ...] | None:
    """Return the setting ``traces``, one path or a list of them; None where it is not there or is neither."""
    traces = settings.get("traces") if isinstance(settings, Mapping) else getattr(settings, "traces", None)
    if isinstance(traces, str):
        return (traces,)
    if isinstance(traces, Sequence) and all(isinstance(item, str) for item in traces):
        return tuple(str(item) for item in traces)
    return None
