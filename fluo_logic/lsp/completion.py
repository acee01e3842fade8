"""What could stand at a place: words of the language, variables, and names that traces and rules have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fluo_logic.facts.model import Kind, Status
from fluo_logic.lang import write
from fluo_logic.lang.syntax import Origin, Path, PathKind
from fluo_logic.lsp import words
from fluo_logic.lsp.context import (
    COMPARISONS,
    CONDITIONS,
    METADATA_WORDS,
    OPERATOR_WORDS,
    PREDICATES,
    RELATION_FIRST,
    RELATION_WORDS,
    Context,
    Frame,
    Inside,
    Token,
    is_keyword,
)
from fluo_logic.lsp.entries import Entry, Sort, aggregates, attribute, keywords, where
from fluo_logic.lsp.vocabulary import Keys, Vocabulary

NOWHERE: Final = Origin("", 1, 1, 1, 1, "")
OPERATORS: Final = COMPARISONS | OPERATOR_WORDS
LISTS: Final = frozenset({"tags", "controls", "aliases"})
OPERANDS: Final = frozenset({"word", "string", "variable", "selector", "number", "group"})
INTRINSIC_WORDS: Final = {
    "span:kind": tuple(kind.value for kind in Kind),
    "span:status": tuple(status.value for status in Status),
}
LINKS: Final = {"linked": ("to", "from")}


def entries(context: Context, known: Vocabulary) -> Iterator[Entry]:
    """Yield what could stand at a place, whatever of it is written already; may name a thing twice."""
    frame, word = context.frame, context.word
    if context.spoken or word.kind == "number":
        return
    completion = _Completion(context, known)
    if word.kind == "open_string" and frame.last.text == "display":
        yield from completion.interpolated()
    elif word.kind == "variable":
        if frame.last.text != "as":
            yield from completion.variables()
    elif word.kind in {"selector", "where"} and not word.apart:
        yield from completion.selectors()
    else:
        yield from completion.here()


def typed(context: Context) -> str:
    """Return what is written already of the word at a place: what an entry replaces."""
    text = context.word.text
    if context.word.kind != "open_string" or context.frame.last.text != "display":
        return text
    inside = text.rpartition("{")[2]
    return inside[inside.index(".") :] if "." in inside else inside


@dataclass(frozen=True, slots=True)
class _Completion:
    context: Context
    known: Vocabulary

    def here(self) -> Iterator[Entry]:
        frame = self.context.frame
        match frame.inside:
            case Inside.FILE | Inside.RULE:
                yield from self.statement(frame)
            case Inside.CONDITION | Inside.AGGREGATE | Inside.PATTERN:
                yield from self.condition(frame)
            case Inside.PREDICATE | Inside.EVENT_PREDICATE:
                yield from self.predicate(frame)
            case Inside.EXISTS:
                yield from self.paths(frame)
            case Inside.EVENT:
                yield from (Entry(name, write.name(name), Sort.EVENT) for name in self.known.events)
            case Inside.LIST:
                yield from self.values(self.context.outer)
            case Inside.SELECTOR:
                keys = self.keys(frame.name).values
                yield from (Entry(key, write.quoted(key), Sort.ATTRIBUTE) for key in keys)
            case Inside.ASSIGNMENTS:
                yield from self.assignments(frame)
            case Inside.EXAMPLE | Inside.SPANS:
                yield from self.example(frame)

    # --- rules ----------------------------------------------------------------------------------------------------

    def statement(self, frame: Frame) -> Iterator[Entry]:
        """Yield what may stand between the braces of a rule: metadata, scope, blocks, or a condition."""
        last, key = frame.last, _metadata_before(frame)
        if last.text in words.VALUES:
            yield from keywords(words.VALUES[last.text], Sort.VALUE)
        elif last.text == "per":
            yield Entry("trace", "trace", Sort.KEYWORD, words.SCOPES["per trace"])
        elif last.text == "across":
            yield from (
                Entry(text, text, Sort.KEYWORD, words.SCOPES[f"across {text}"]) for text in ("traces by", "traces")
            )
        elif last.text == "by":
            yield from self.scope_keys()
        elif last.text in METADATA_WORDS | {"rule", "example", ","} or frame.before(1).text in {"rule", "example"}:
            return
        elif key or last.kind == "" or last.text in {"{}", "traces", "trace"} or frame.before(1).text == "by":
            yield from self.header(frame)
            if last.text == "traces":
                yield Entry("by", "by", Sort.KEYWORD, words.SCOPES["across traces by"])
        else:
            yield from self.condition(frame)

    def header(self, frame: Frame) -> Iterator[Entry]:
        given = {token.text for token in frame.tokens}
        body = bool(given & set(words.BLOCKS))
        if not body:
            yield from keywords({key: text for key, text in words.METADATA.items() if key not in given})
            if not given & {"per", "across"}:
                yield from keywords(words.SCOPES)
        for block, text in words.BLOCKS.items():
            if block == "example":
                head, snippet = 'example violated "" { }', 'example ${1|violated,satisfied|} "$2" {\n  $0\n}'
                yield Entry("example", head, Sort.KEYWORD, text, snippet)
            elif block != "when" or "when" not in given:
                yield Entry(block, f"{block} {{ }}", Sort.KEYWORD, text, f"{block} {{ $0 }}")
        if frame.inside is Inside.FILE:
            head, snippet = 'rule id "title" { }', 'rule ${1:id} "${2:title}" {\n  $0\n}'
            yield Entry("rule", head, Sort.KEYWORD, words.HEADS["rule"], snippet)
        if not body:
            yield from self.operands()

    def scope_keys(self) -> Iterator[Entry]:
        keys = dict.fromkeys([*self.known.keys(None).values, *self.known.resources.values])
        yield from (Entry(key, write.name(key), Sort.ATTRIBUTE) for key in keys)

    # --- conditions -----------------------------------------------------------------------------------------------

    def condition(self, frame: Frame) -> Iterator[Entry]:
        last = frame.last
        if last.text == "is":
            yield Entry("not", "not", Sort.KEYWORD, "two variables name different spans")
            yield from self.variables()
        elif last.text in {"as", "within"}:
            return
        elif last.text in RELATION_FIRST and last.kind == "word":
            nexts = LINKS.get(last.text, ("of",))
            yield from (Entry(text, text, Sort.KEYWORD, words.RELATIONS[f"{last.text} {text}"]) for text in nexts)
        elif last.text in RELATION_WORDS or _ends_relation(frame):
            yield from self.variables()
            yield from self.spans()
        elif last.text in OPERATORS or (last.kind == "operator" and last.text in words.ARITHMETIC):
            yield from self.values(frame)
            yield from self.variables()
            yield from aggregates()
        elif _is_operand(last):
            yield from self.after_operand(frame)
        else:
            if frame.inside is Inside.AGGREGATE and not frame.tokens and self.context.outer.last.text == "count":
                yield Entry("distinct", "distinct ", Sort.KEYWORD, words.FORMS["distinct"])
            yield from self.operands(of_spans=frame.inside in {Inside.AGGREGATE, Inside.PATTERN})

    def operands(self, *, of_spans: bool = False) -> Iterator[Entry]:
        """Yield what a condition may begin with."""
        yield from self.spans()
        yield Entry("*", "*", Sort.SPAN, "a span of any name")
        if of_spans:
            return
        yield from self.variables()
        yield from aggregates()
        yield Entry("trace.has", "trace.has()", Sort.FUNCTION, words.FORMS["trace.has"], "trace.has($0)")
        yield Entry("not", "not", Sort.KEYWORD, words.CONNECTIVES["not"])

    def after_operand(self, frame: Frame) -> Iterator[Entry]:
        last = frame.last
        if frame.inside is not Inside.PATTERN:
            yield from keywords(words.RELATIONS)
        if frame.inside is Inside.AGGREGATE:
            return
        if last.kind != "variable" and frame.before(1).text != "as":
            yield Entry("as", "as $", Sort.KEYWORD, words.OTHERS["as"])
        if frame.inside is Inside.PATTERN:
            return
        yield from keywords({word: text for word, text in words.CONNECTIVES.items() if word != "not"})
        if last.kind == "variable" and frame.before(1).text != "as":
            yield Entry("is", "is", Sort.KEYWORD, words.OTHERS["is"])
        yield Entry("within", "within", Sort.KEYWORD, words.OTHERS["within"])
        operators = words.OPERATORS if last.kind in {"word", "selector"} else words.MEASURE_OPERATORS
        if last.kind != "variable":
            yield from (Entry(word, word, Sort.OPERATOR, words.OPERATORS[word]) for word in operators)

    # --- predicates -----------------------------------------------------------------------------------------------

    def predicate(self, frame: Frame) -> Iterator[Entry]:
        last = frame.last
        if last.text == "not" and _is_operand(frame.before(1)):
            yield Entry("in", "in", Sort.OPERATOR, words.OPERATORS["not in"])
        elif last.text in OPERATORS:
            yield from self.values(frame)
            yield from self.variables()
            if last.text in {"<", "<=", ">", ">="}:
                yield from self.paths(frame)
        elif _is_operand(last):
            compared = frame.before(1).text in OPERATORS or last.text == "()"
            if not compared:
                yield from (Entry(word, word, Sort.OPERATOR, text) for word, text in words.OPERATORS.items())
            yield from keywords({word: text for word, text in words.CONNECTIVES.items() if word != "not"})
        else:
            yield from self.paths(frame)
            yield Entry("not", "not", Sort.KEYWORD, words.CONNECTIVES["not"])
            if frame.inside is Inside.PREDICATE:
                for form in ("exists", "event"):
                    yield Entry(form, f"{form}()", Sort.FUNCTION, words.FORMS[form], f"{form}($0)")

    def paths(self, frame: Frame) -> Iterator[Entry]:
        """Yield attributes and intrinsics; of the event inside the predicate of one."""
        if frame.inside is Inside.EVENT_PREDICATE:
            keys = self.known.event_keys(frame.name)
            yield from (attribute(key, write.name(key), keys) for key in keys.values)
            return
        keys = self.keys(frame.name)
        yield from (attribute(key, write.name(key), keys) for key in keys.values)
        for key, text in words.INTRINSICS.items():
            yield Entry(key, key, Sort.INTRINSIC, text)
        for key in self.known.resources.values:
            text = write.path(Path(PathKind.RESOURCE, key, origin=NOWHERE))
            yield Entry(text, text, Sort.INTRINSIC, "an attribute of the span's resource")

    def values(self, frame: Frame) -> Iterator[Entry]:
        """Yield values of the path before the operator that ends ``frame``."""
        path, keys = self.compared(frame)
        for word in INTRINSIC_WORDS.get(path, ()):
            yield Entry(word, word, Sort.VALUE)
        if path == "scope:name":
            yield from (Entry(text, text, Sort.VALUE) for text in map(write.quoted, sorted(self.known.scopes)))
        if path.startswith("resource:"):
            path, keys = path.removeprefix("resource:").strip('"'), self.known.resources
        seen = keys.values.get(path) or set()
        for value in sorted(seen, key=str):
            text = write.value(value)
            yield Entry(text, text, Sort.VALUE)
        if not {True, False} & {value for value in seen if isinstance(value, bool)}:
            yield from keywords(words.CONSTANTS)

    def compared(self, frame: Frame) -> tuple[str, Keys]:
        """Return the path before an operator, and the attributes among which it is."""
        back = 2 if frame.before(1).text == "not" else 1
        left, holder = frame.before(back), frame.before(back + 1)
        path = left.text.strip('"')
        if left.kind == "selector":
            name = self.context.variables.get(holder.text[1:]) if holder.kind == "variable" else frame.name
            return path.removeprefix("."), self.keys(name)
        if frame.inside is Inside.EVENT_PREDICATE:
            return path, self.known.event_keys(frame.name)
        if frame.inside is Inside.PREDICATE:
            return path, self.keys(frame.name)
        name, _, key = path.rpartition(".")
        return key, self.keys(name)

    # --- after a dot ----------------------------------------------------------------------------------------------

    def selectors(self) -> Iterator[Entry]:
        frame = self.context.frame
        last = frame.last
        if last.kind == "variable":
            yield from self.selected(self.context.variables.get(last.text[1:]))
        elif frame.inside in PREDICATES:
            if last.text == "()":
                yield where()
            elif last.text in OPERATORS:
                keys = self.keys(frame.name)
                yield from (attribute(key, f".{write.name(key)}", keys) for key in keys.values)
        elif frame.inside in CONDITIONS and last.kind in {"string", "group", "word", "operator"}:
            yield where()
            yield from self.selected(None if last.text == "*" else frame.name, dotted=False)

    def selected(self, name: str | None, *, dotted: bool = True) -> Iterator[Entry]:
        """Yield ``.attr``, ``.span:duration`` and the like, for spans of one name."""
        keys = self.keys(name)
        for key in keys.values:
            text = write.selector(Path(PathKind.ATTRIBUTE, key, origin=NOWHERE), dotted=dotted)
            yield attribute(key, text, keys)
        for key, text in words.INTRINSICS.items():
            yield Entry(key, f".{key}", Sort.INTRINSIC, text)
        for key in self.known.resources.values:
            path = Path(PathKind.RESOURCE, key, origin=NOWHERE)
            yield Entry(write.path(path), write.selector(path), Sort.INTRINSIC, "an attribute of the span's resource")

    def interpolated(self) -> Iterator[Entry]:
        """Yield variables, or attributes of one, inside the braces of a ``display`` sentence."""
        _, brace, inside = self.context.word.text.rpartition("{")
        if not brace or "}" in inside:
            return
        variable, dot, _ = inside.partition(".")
        if dot:
            yield from self.selected(self.context.variables.get(variable.removeprefix("$")))
        else:
            yield from self.variables()

    # --- names ----------------------------------------------------------------------------------------------------

    def keys(self, name: str | None) -> Keys:
        """Return the attributes of the spans of a name; in ``a.b.c`` the last segment may be an attribute."""
        if name is not None and name not in self.known.spans and name.rpartition(".")[0] in self.known.spans:
            return self.known.keys(name.rpartition(".")[0])
        return self.known.keys(name)

    def variables(self) -> Iterator[Entry]:
        for variable, name in self.context.variables.items():
            yield Entry(f"${variable}", f"${variable}", Sort.VARIABLE, "a span" if name is None else f"a span {name}")

    def spans(self) -> Iterator[Entry]:
        """Yield names of spans; after a name and its dot also ``where`` and attributes."""
        for name, keys in self.known.spans.items():
            yield Entry(name, write.name(name), Sort.SPAN, ", ".join([*keys.values][:8]))
        prefix, dot, _ = self.context.word.text.rpartition(".")
        if self.context.word.kind == "word" and dot:
            yield Entry(".where", f"{prefix}.where()", Sort.KEYWORD, words.OTHERS[".where"], f"{prefix}.where($0)")
            for entry in self.selected(prefix, dotted=False) if prefix in self.known.spans else ():
                yield Entry(f"{prefix}{entry.text}", f"{prefix}{entry.text}", entry.sort, entry.detail)

    def example(self, frame: Frame) -> Iterator[Entry]:
        last = frame.last
        if last.kind == "" or last.text in {"{}", ".."} or last.kind == "number":
            yield from self.spans()
            if frame.inside is Inside.EXAMPLE:
                yield Entry("trace", "trace { }", Sort.KEYWORD, words.HEADS["trace"], "trace {\n  $0\n}")
        elif last.text == "()":
            yield Entry("in", 'in ""', Sort.KEYWORD, "the service of the span", 'in "$0"')

    def assignments(self, frame: Frame) -> Iterator[Entry]:
        keys = self.keys(frame.name)
        if frame.last.text == ":":
            yield from self.values(Frame(Inside.PREDICATE, "(", frame.name, None, frame.tokens))
        elif frame.last.kind == "" or frame.last.text == ",":
            yield from (attribute(key, f"{write.name(key)}: ", keys) for key in keys.values)
            for key in ("span:kind", "span:status", "span:status_message", "span:parent_id", "scope:name"):
                yield Entry(key, f"{key}: ", Sort.INTRINSIC, words.INTRINSICS[key])


def _is_operand(token: Token) -> bool:
    if token.kind not in OPERANDS:
        return False
    return token.kind != "word" or token.text in {"true", "false"} or not is_keyword(token.text)


def _ends_relation(frame: Frame) -> bool:
    return frame.last.text in {"of", "to", "from"} and frame.before(1).text in RELATION_FIRST


def _metadata_before(frame: Frame) -> str:
    """Return the metadata whose value the last words are, an empty text where they are none."""
    tokens = frame.tokens
    index = len(tokens) - 1
    if index < 1 or tokens[index].kind not in {"word", "string", "number"}:
        return ""
    while index >= 2 and tokens[index - 1].text == ",":  # noqa: PLR2004 - a value, a comma, a value
        index -= 2
    key = tokens[index - 1].text
    return key if key in METADATA_WORDS and (index == len(tokens) - 1 or key in LISTS) else ""
