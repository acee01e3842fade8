"""Reads packs of rules in YAML: text in, the syntax trees of ``.fluo`` rules and every mistake out.

A pack is a mapping with the list ``rules``; `KEYS` are the keys of a rule.  ``condition`` is what stands between the
braces of a ``.fluo`` rule, or a bare condition, which ``reads_as`` can say how to read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar

from fluo_logic.errors import RuleError
from fluo_logic.lang.aliases import alias_mistakes, with_aliases
from fluo_logic.lang.parse import ID, MAX_CHARACTERS, MAX_RULES, parse_source
from fluo_logic.lang.scan import scan
from fluo_logic.lang.source import MAX_MISTAKES, Mistakes, Source, position
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import Category, Metadata, Reading, Rule, Severity
from fluo_logic.lang.yaml_nodes import Mapping, Node, Scalar, Sequence, YamlError, compose
from fluo_logic.lang.yaml_text import Part, part_of

KEYS: Final = (
    *("id", "name", "description", "severity", "category", "tags", "controls", "aliases", "runbook", "display"),
    *("condition", "reads_as"),
)
"""The keys of a rule."""
ELSEWHERE: Final = {
    "title": "the title of a rule is its `name`",
    "scope": "the scope stands in the condition, before its blocks: `across traces by user.id`",
    "when": "blocks stand in the condition: `when { … } always { … }`",
    "always": "blocks stand in the condition: `when { … } always { … }`",
    "never": "blocks stand in the condition: `when { … } never { … }`",
    "examples": "examples stand in the condition, behind its blocks",
}
"""Keys that one may expect, and what there is instead."""
_METADATA: Final = ("severity", "category", "tags", "controls", "aliases", "runbook", "description")
LISTS: Final = ("tags", "controls", "aliases")
READINGS: Final = {"requirement": Reading.REQUIREMENT, "violation": Reading.VIOLATION}
Choice = TypeVar("Choice", bound=StrEnum)


def parse_pack(text: str, file: str) -> tuple[list[Rule], list[RuleError]]:
    """Return the rules of a YAML pack that are right, and all mistakes of the others, both in file order.

    Each rule's origin is its mapping in the file.  Never raises for any text.
    """
    mistakes = Mistakes(Source(file, text))
    if len(text) > MAX_CHARACTERS:
        message = f"the file has {len(text):,} characters, and {MAX_CHARACTERS:,} is the limit"
        mistakes.report("E505", message, 0, 1, "split it into several files")
        return [], mistakes.errors
    try:
        document = compose(text)
    except YamlError as error:
        mistakes.report(error.code, error.message, error.offset, error.offset + 1, error.hint)
        return [], mistakes.errors
    if document is None:
        mistakes.report("E504", "there is no rule in this file", 0, 1, "a pack is `rules:` and a list of rules")
        return [], mistakes.errors
    pack = _Pack(mistakes)
    rules = [rule for node in pack.rules_of(document) if (rule := pack.rule(node)) is not None]
    errors = sorted([*mistakes.in_order(), *pack.inside], key=position)
    return ([] if mistakes.full or len(errors) >= MAX_MISTAKES else rules), errors[:MAX_MISTAKES]


@dataclass(slots=True)
class _Pack:
    mistakes: Mistakes
    inside: list[RuleError] = field(default_factory=list)
    """The mistakes inside conditions."""
    ids: dict[str, Scalar] = field(default_factory=dict)

    def rules_of(self, document: Node) -> list[Mapping]:
        """Return the mappings of the rules."""
        if not isinstance(document, Mapping):
            hint = "a pack is `rules:` and a list of rules"
            self._report("E602", "this is not a pack of rules", document, hint)
            return []
        rules = self._known(document, ("rules",), {}).get("rules")
        if rules is None:
            if not self.mistakes.errors:
                self._report("E605", "a pack has the key `rules`", document)
            return []
        if not isinstance(rules, Sequence):
            self._report("E602", "`rules` is a list of rules", rules, "begin each rule with `- id: …`")
            return []
        if not rules.items:
            self._report("E504", "there is no rule in this file", rules)
        if len(rules.items) > MAX_RULES:
            message = f"the file holds {len(rules.items):,} rules, and {MAX_RULES:,} is the limit"
            self._report("E505", message, rules, "split it into several files")
            return []
        for item in rules.items:
            if not isinstance(item, Mapping):
                self._report("E602", "a rule is a mapping with `id` and `condition`", item)
        return [item for item in rules.items if isinstance(item, Mapping)]

    def rule(self, node: Mapping) -> Rule | None:
        """Return the rule of a mapping, None where it is wrong."""
        if self.mistakes.full or len(self.inside) >= MAX_MISTAKES:
            return None
        before = len(self.mistakes.errors)
        given = self._known(node, KEYS, ELSEWHERE)
        for key in ("id", "condition"):
            if key not in given:
                self._report("E605", f"this rule lacks `{key}`", node)
        rule_id = self._id(given.get("id"))
        texts = {
            key: self._text(key, given[key])
            for key in ("name", "description", "runbook", "display", "condition")
            if key in given
        }
        severity = self._choice("severity", given.get("severity"), Severity)
        category = self._choice("category", given.get("category"), Category)
        words = {key: self._texts(key, given[key]) for key in LISTS if key in given}
        reads_as = self._reading(given.get("reads_as"))
        condition = texts.get("condition")
        if condition is None:
            return None
        rule = self._content(rule_id or "rule", condition, texts.get("display"), reads_as)
        if rule is None:
            return None
        if reads_as is not None and rule.reading is Reading.BLOCKS:
            message = "`reads_as` is for a condition without blocks, and this one has blocks"
            self._report("E610", message, given["reads_as"], "leave it out")
        for key in _METADATA:
            if key in given and getattr(rule.metadata, key) != getattr(Metadata(), key):
                self._report("E604", f"`{key}` is given here and in the condition", given[key], "keep one of them")
        if rule_id is None or len(self.mistakes.errors) > before:
            return None
        told = replace(
            rule,
            title=_content_of(texts.get("name")) or "",
            metadata=Metadata(
                severity or rule.metadata.severity,
                category or rule.metadata.category,
                words.get("tags") or rule.metadata.tags,
                words.get("controls") or rule.metadata.controls,
                _content_of(texts.get("runbook"), rule.metadata.runbook),
                _content_of(texts.get("description"), rule.metadata.description),
                rule.metadata.display,
                words.get("aliases") or rule.metadata.aliases,
            ),
            origin=self.mistakes.source.origin(node.start, _end(self.mistakes.source.text, node)),
        )
        for _, message, hint in alias_mistakes(told) if "aliases" in given else ():
            self._report("E145", message, given["aliases"], hint)
        return with_aliases(told) if len(self.mistakes.errors) == before else None

    def _content(
        self, rule_id: str, condition: Scalar, display: Scalar | None, reads_as: Reading | None
    ) -> Rule | None:
        part = part_of(self.mistakes.source, condition, display)
        if _is_rule(part):
            message = "a condition is what stands between the braces of a rule"
            self._report("E609", message, condition, "leave out `rule ID {` and the last `}`")
            return None
        rules, errors = parse_source(part, anonymous_id=rule_id, reads_as=reads_as)
        self.inside.extend(errors)
        return rules[0] if rules and not errors else None

    def _known(self, node: Mapping, keys: tuple[str, ...], elsewhere: dict[str, str]) -> dict[str, Node]:
        """Return the values of the keys that are known, and report the other keys."""
        found: dict[str, Node] = {}
        for key, value in node.items:
            word = _word(key)
            if word is None:
                self._report("E603", "a key is a word", key)
            elif word not in keys:
                hint = elsewhere.get(word) or did_you_mean(word, keys) or f"the keys are {choices(keys)}"
                self._report("E603", f"`{word}` is not a key of a {'pack' if len(keys) == 1 else 'rule'}", key, hint)
            elif word in found:
                self._report("E604", f"`{word}` is given twice", key, "keep one of them")
            else:
                found[word] = value
        return found

    def _id(self, node: Node | None) -> str | None:
        text = self._text("id", node) if node is not None else None
        if text is None:
            return None
        if ID.fullmatch(text.text) is None:
            self._report("E120", f"`{text.text}` is not an id", text, "an id has letters, digits, `-`, `_` and `.`")
            return None
        first = self.ids.setdefault(text.text, text)
        if first is not text:
            line, column = self.mistakes.source.place(first.start)
            hint = f"the first rule with it is at {self.mistakes.source.file}:{line}:{column}"
            self._report("E144", f"the id `{text.text}` is taken", text, hint)
            return None
        return text.text

    def _text(self, key: str, node: Node) -> Scalar | None:
        if not isinstance(node, Scalar):
            self._report("E606", f"`{key}` is a text", node)
        elif not node.is_text:
            hint = f'write it in quotes: `{key}: "{node.text}"`' if node.text else None
            what = f"YAML takes `{node.text}` for something else" if node.text else "there is nothing"
            self._report("E606", f"`{key}` is a text, and {what}", node, hint)
        elif key in {"id", "condition"} and not node.text.strip():
            self._report("E606", f"`{key}` is empty", node)
        elif any("\ud800" <= char <= "\udfff" for char in node.text):
            self._report("E606", f"`{key}` has half a surrogate pair, which is no character", node)
        else:
            return node
        return None

    def _texts(self, key: str, node: Node) -> tuple[str, ...] | None:
        if not isinstance(node, Sequence):
            self._report("E606", f"`{key}` is a list of texts", node, f"write `{key}: [one, other]`")
            return None
        found = [self._text(f"an item of {key}", item) for item in node.items]
        return tuple(item.text for item in found if item is not None)

    def _choice(self, key: str, node: Node | None, known: type[Choice]) -> Choice | None:
        word = self._one_of(key, node, tuple(choice.value for choice in known))
        return known(word) if word is not None else None

    def _reading(self, node: Node | None) -> Reading | None:
        word = self._one_of("reads_as", node, tuple(READINGS))
        return READINGS[word] if word is not None else None

    def _one_of(self, key: str, node: Node | None, known: tuple[str, ...]) -> str | None:
        text = self._text(key, node) if node is not None else None
        if text is None:
            return None
        if text.text not in known:
            hint = did_you_mean(text.text, known) or f"it is one of {choices(known)}"
            what = "a way to read a condition" if key == "reads_as" else f"a {key}"
            self._report("E123", f"`{text.text}` is not {what}", text, hint)
            return None
        return text.text

    def _report(self, code: str, message: str, node: Node, hint: str | None = None) -> None:
        start, end = node.start, node.end
        if isinstance(node, Mapping) and node.items:
            end = node.items[0][0].end
        self.mistakes.report(code, message, start, end, hint)


def _word(key: Node) -> str | None:
    return key.text if isinstance(key, Scalar) and key.is_text else None


def _content_of(text: Scalar | None, otherwise: str | None = None) -> str | None:
    return text.text if text is not None else otherwise


def _is_rule(part: Part) -> bool:
    return any(bracket.kind == "rule" for bracket in scan(Mistakes(part)).brackets)


def _end(text: str, node: Mapping) -> int:
    """Return where the text of a mapping ends; YAML ends it where the next thing begins."""
    return node.start + len(text[node.start : node.end].rstrip())
