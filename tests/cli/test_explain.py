"""`fluo explain`: one rule on one scope, whatever the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeAlias

import pytest

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]

VERDICTS = {
    "violated": ("--rule audited --traces violated.json", 0),
    "satisfied": ("--rule audited --traces clean.json", 0),
    "vacuous": ("--rule granted --traces clean.json", 0),
    "pending": ("--rule granted --traces pending.json", 0),
    "inconclusive": ("--rule audited --traces hole.json", 0),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_explained(fluo: Fluo, verdict: str) -> None:
    """The text names rule and verdict, the JSON has a proof for it, and the status is 0: it was explained."""
    words, status = VERDICTS[verdict]
    code, text, err = fluo("explain", "rules.fluo", *words.split())
    assert (code, err) == (status, "")
    assert f" is {verdict} on " in text.splitlines()[0]
    _, out, _ = fluo("explain", "rules.fluo", *words.split(), "--format", "json")
    document = json.loads(out)
    assert document["verdict"] == verdict
    assert {proof["verdict"] for proof in document["proofs"]} == {verdict}


def test_the_scope_is_named_by_the_beginning_of_its_id(fluo: Fluo) -> None:
    """The second trace of the file is satisfied, the first, which is the worst, is not."""
    words = ["explain", "rules.fluo", "--rule", "audited", "--traces", "violated.json", "--format", "json"]
    assert json.loads(fluo(*words)[1])["scope"] == {"trace_id": f"{1:032x}"}
    chosen = json.loads(fluo(*words, "--scope", f"{2:032x}")[1])
    assert (chosen["scope"], chosen["verdict"]) == ({"trace_id": f"{2:032x}"}, "satisfied")


@pytest.mark.parametrize(("scope", "code"), [("00000", "C202"), ("fff", "C203")])
def test_a_scope_that_is_none_or_several_is_an_error(fluo: Fluo, scope: str, code: str) -> None:
    """An ambiguous beginning and an unknown id are told apart."""
    status, out, err = fluo("explain", "rules.fluo", "--rule", "audited", "--traces", "violated.json", "--scope", scope)
    assert (status, out) == (3, "")
    assert err.startswith(f"error[{code}]")


def test_lost_input_is_told_and_the_rest_explained(fluo: Fluo) -> None:
    """The explanation of what was read is printed, and the status is 3."""
    status, out, err = fluo("explain", "rules.fluo", "--rule", "audited", "--traces", "partly.json")
    assert status == 3
    assert "is violated on" in out
    assert err.startswith("error[I302]")
