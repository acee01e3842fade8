"""What the server found, in the types of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from lsprotocol import types as t

from fluo_logic.errors import RuleError
from fluo_logic.lang import write
from fluo_logic.lsp.analysis import Analysis
from fluo_logic.lsp.entries import Entry, Sort
from fluo_logic.lsp.fixes import Fix
from fluo_logic.lsp.places import Part, Symbol
from fluo_logic.tooling.lint import Finding
from fluo_logic.tooling.lint_codes import Level

SOURCE: Final = "fluo"
MAX_DIAGNOSTICS: Final = 500
MAX_ENTRIES: Final = 500
KINDS: Final = {
    Sort.VARIABLE: t.CompletionItemKind.Variable,
    Sort.VALUE: t.CompletionItemKind.Value,
    Sort.ATTRIBUTE: t.CompletionItemKind.Field,
    Sort.SPAN: t.CompletionItemKind.Class,
    Sort.EVENT: t.CompletionItemKind.Event,
    Sort.KEYWORD: t.CompletionItemKind.Keyword,
    Sort.OPERATOR: t.CompletionItemKind.Operator,
    Sort.FUNCTION: t.CompletionItemKind.Function,
    Sort.INTRINSIC: t.CompletionItemKind.Property,
}

LEVELS: Final = {
    Level.ERROR: t.DiagnosticSeverity.Error,
    Level.WARNING: t.DiagnosticSeverity.Warning,
    Level.INFO: t.DiagnosticSeverity.Hint,
}
QUOTABLE: Final = frozenset({Sort.SPAN, Sort.ATTRIBUTE, Sort.EVENT, Sort.VALUE})
"""What can be a string."""


def symbol_kind(part: Part) -> t.SymbolKind:
    """Return the kind of symbol that an editor knows for a part of a file."""
    match part:
        case Part.RULE:
            return t.SymbolKind.Class
        case Part.WHEN:
            return t.SymbolKind.Event
        case Part.ALWAYS | Part.NEVER:
            return t.SymbolKind.Method
        case Part.EXAMPLE:
            return t.SymbolKind.Object
        case _:
            assert_never(part)


def diagnostics(analysis: Analysis) -> list[t.Diagnostic]:
    """Return what is wrong with a text, then what `fluo lint` says of it: at most `MAX_DIAGNOSTICS` of both."""
    errors = [_diagnostic(analysis, error) for error in analysis.errors[:MAX_DIAGNOSTICS]]
    findings = analysis.findings[: MAX_DIAGNOSTICS - len(errors)]
    return [*errors, *(_diagnostic(analysis, finding, LEVELS[finding.level]) for finding in findings)]


def _diagnostic(
    analysis: Analysis, told: RuleError | Finding, severity: t.DiagnosticSeverity = t.DiagnosticSeverity.Error
) -> t.Diagnostic:
    hint = f"\nhint: {told.hint}" if told.hint else ""
    return t.Diagnostic(
        range=analysis.positions.range(*analysis.offsets_of(told.where)),
        severity=severity,
        code=told.code,
        source=SOURCE,
        message=f"{told.message}{hint}",
    )


def code_action(analysis: Analysis, fix: Fix, uri: str) -> t.CodeAction:
    """Return a correction as an editor offers it."""
    edit = t.TextEdit(analysis.positions.range(fix.start, fix.end), fix.new)
    return t.CodeAction(
        title=fix.title,
        kind=t.CodeActionKind.QuickFix,
        diagnostics=[_diagnostic(analysis, fix.error)],
        is_preferred=fix.sure,
        edit=t.WorkspaceEdit(changes={uri: [edit]}),
    )


def completion_list(entries: Iterable[Entry], place: t.Range, typed: str, *, snippets: bool) -> t.CompletionList:
    """Return the entries that fit what is typed already.

    Args:
        entries: what could stand there.
        place: the range of what is typed, which an entry replaces.
        typed: the text of that range.
        snippets: whether the editor knows snippets.
    """
    fitting: dict[str, Entry] = {}
    for entry in entries:
        if _fits(entry, typed) and (entry.sort in QUOTABLE or not typed.startswith('"')):
            fitting.setdefault(entry.text, entry)
    ordered = sorted(fitting.values(), key=lambda entry: (not _begins(entry, typed), entry.sort))
    items = [_item(entry, place, typed, number, snippets) for number, entry in enumerate(ordered[:MAX_ENTRIES])]
    return t.CompletionList(is_incomplete=len(ordered) > MAX_ENTRIES, items=items)


def _fits(entry: Entry, typed: str) -> bool:
    wanted = typed.strip('"').casefold()
    return wanted in entry.text.casefold() or wanted in entry.label.casefold()


def _begins(entry: Entry, typed: str) -> bool:
    wanted = typed.strip('"').casefold()
    return entry.text.strip('"').casefold().startswith(wanted) or entry.label.casefold().startswith(wanted)


def _item(entry: Entry, place: t.Range, typed: str, number: int, snippets: bool) -> t.CompletionItem:  # noqa: FBT001
    text, quoted = entry.text, typed.startswith('"')
    if quoted and not text.startswith('"'):
        text = write.quoted(entry.label)
    snippet = entry.snippet if snippets and not quoted else ""
    return t.CompletionItem(
        label=entry.label,
        kind=KINDS[entry.sort],
        detail=entry.detail or None,
        sort_text=f"{number:05}",
        # Editors compare this with the text of the range, quote included.
        filter_text=f'"{entry.label}' if quoted else text,
        insert_text_format=t.InsertTextFormat.Snippet if snippet else t.InsertTextFormat.PlainText,
        text_edit=t.TextEdit(place, snippet or text),
    )


def document_symbols(analysis: Analysis, found: Sequence[Symbol]) -> list[t.DocumentSymbol]:
    """Return the outline of a file as a tree."""
    return [
        t.DocumentSymbol(
            name=symbol.name,
            detail=symbol.detail or None,
            kind=symbol_kind(symbol.part),
            range=analysis.positions.range(symbol.start, symbol.end),
            selection_range=analysis.positions.range(symbol.start, symbol.head_end),
            children=document_symbols(analysis, symbol.children),
        )
        for symbol in found
    ]


def flat_symbols(analysis: Analysis, found: Sequence[Symbol], uri: str, holder: str = "") -> list[t.SymbolInformation]:
    """Return the outline of a file as a list, for editors that know no tree."""
    flat = []
    for symbol in found:
        place = t.Location(uri, analysis.positions.range(symbol.start, symbol.end))
        kind = symbol_kind(symbol.part)
        flat.append(t.SymbolInformation(location=place, name=symbol.name, kind=kind, container_name=holder or None))
        flat.extend(flat_symbols(analysis, symbol.children, uri, symbol.name))
    return flat
