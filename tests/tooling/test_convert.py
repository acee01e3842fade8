"""`fluo convert`: YAML packs as text of the language."""

from __future__ import annotations

from dataclasses import replace

from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.syntax import Reading
from fluo_logic.lang.yaml_pack import parse_pack
from tests.command_line import Files, Fluo

PACK = """rules:
- id: a
  name: "It's \\"so\\""
  severity: critical
  tags: [x, "y z"]
  display: "{$p.cart.id} is wrong"
  condition: when { pay as $p } always { audit }
- id: b
  reads_as: violation
  condition: c as $x and d.where(k == $x.k)
- id: c
  condition: e and f
"""


def test_converted_rules_are_the_same(files: Files, fluo: Fluo) -> None:
    """The text parses back to the rules of the pack, but that a reading with variables is told by blocks."""
    files({"p.yaml": PACK})
    status, out, _ = fluo("convert", "p.yaml")
    before, _ = parse_pack(PACK, "p.yaml")
    after, errors = parse_rules(out, "p.fluo")
    assert (status, errors, len(after)) == (0, [], 3)
    assert [replace(rule, reading=Reading.BLOCKS) for rule in after] == [
        replace(rule, reading=Reading.BLOCKS) for rule in before
    ]
    assert fluo("convert", "p.yaml", "-o", "p.fluo")[:2] == (0, "")


def test_wrong_packs_and_usage_have_their_status(files: Files, fluo: Fluo) -> None:
    """A wrong rule is 2, a file that is no pack and no file at all are 3."""
    files({"p.yaml": "rules: 3", "r.fluo": "never { a }"})
    assert [fluo("convert", *words)[0] for words in (["p.yaml"], ["r.fluo"], [])] == [2, 3, 3]


def test_converted_text_has_the_canonical_layout(files: Files, fluo: Fluo) -> None:
    """`fluo fmt` finds nothing to change in what `fluo convert` wrote."""
    example = '\n    example violated "x" { trace { pay @ 0s .. 1s } trace { b @ 2s .. 3s } }\n'
    files(
        {
            "p.yaml": PACK.replace("condition: when", "condition: |\n    when").replace(
                "{ audit }\n", "{ audit }" + example
            )
        }
    )
    assert fluo("convert", "p.yaml", "-o", "p.fluo") == (0, "", "")
    assert fluo("fmt", "--check", "p.fluo") == (0, "", "")
