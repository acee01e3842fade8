"""What each error code of YAML packs stands for; the documentation is generated from this table.

The ``example`` of these codes is the text of a YAML file.
"""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.codes import Code

_TABLE: Final = (
    Code(
        "E601",
        "Not YAML",
        "The text cannot be read as YAML. A condition is safest on the lines below `condition: |`, where nothing in it"
        " means anything to YAML.",
        "rules:\n  - id: a\n    condition: never { a.where(x == b: c) }",
    ),
    Code(
        "E602",
        "Not a pack",
        "A pack is a mapping whose `rules` is a list of rules, each a mapping itself.",
        "- id: a\n  condition: never { a }",
    ),
    Code(
        "E603",
        "An unknown key",
        "A pack has the key `rules`. A rule has `id`, `name`, `description`, `severity`, `category`, `tags`,"
        " `controls`, `aliases`, `runbook`, `display`, `condition` and `reads_as`.",
        "rules:\n  - id: a\n    severty: high\n    condition: never { a }",
    ),
    Code(
        "E604",
        "A key given twice",
        "Each key of a mapping is given once, and what a key says is not said in the condition again.",
        "rules:\n  - id: a\n    id: b\n    condition: never { a }",
    ),
    Code(
        "E605",
        "A key is missing",
        "A pack has `rules`, and each rule an `id` and a `condition`.",
        "rules:\n  - id: a",
    ),
    Code(
        "E606",
        "A value of another type",
        "`tags`, `controls` and `aliases` are lists of texts, everything else in a rule is a text. YAML takes words"
        " such as `no` and `12` for truth values and numbers, unless they stand in quotes.",
        "rules:\n  - id: 12\n    condition: never { a }",
    ),
    Code(
        "E607",
        "An anchor or alias",
        "Anchors (`&x`) and aliases (`*x`) are not read, so that a small file stays small.",
        "rules:\n  - &first\n    id: a\n    condition: never { a }",
    ),
    Code(
        "E608",
        "Several documents",
        "A pack is one document; `---` begins another.",
        "rules:\n  - id: a\n    condition: never { a }\n---\nrules: []",
    ),
    Code(
        "E609",
        "A rule inside a rule",
        "`condition` is what stands between the braces of a rule, or a condition without blocks.",
        "rules:\n  - id: a\n    condition: rule b { never { a } }",
    ),
    Code(
        "E610",
        "`reads_as` beside blocks",
        "`reads_as` tells how a condition without blocks is read. Blocks tell that themselves.",
        "rules:\n  - id: a\n    reads_as: violation\n    condition: never { a }",
    ),
)

YAML_CODES: Final = {row.code: row for row in _TABLE}
"""The table by code."""
