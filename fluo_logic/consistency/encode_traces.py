"""Generated traces: choices of spans, names, values, parents, links, events and times, for the solver to make.

Spans are numbered from 1.  A parent has a smaller number than its children and a trace's spans follow each other, which
every forest can be numbered to respect; so cycles need no constraint.  Times are variables of clingo-dl.
"""

from __future__ import annotations

from collections.abc import Iterator

from fluo_logic.consistency.encode import Encoding
from fluo_logic.consistency.vocabulary import FIXED, Key
from fluo_logic.logic import Program
from fluo_logic.translate.asp import quote
from fluo_logic.values import canonical_text


def traces_text(encoding: Encoding, program: Program, bound: int) -> str:
    """Return the program that generates every trace of at most ``bound`` spans over the vocabulary."""
    vocabulary = encoding.vocabulary
    most = 1 if all(plan.scope_kind == "per trace" for plan in program.rules) else min(3, bound)
    lines = [
        f"slot(1..{bound}). {{ used(S) : slot(S) }}. :- used(S), S > 1, not used(S-1).",
        f"{{ in(S,T) : T = 1..{most} }} = 1 :- used(S).",
        ":- in(S,T), in(S+1,U), U < T. :- in(S+1,T), in(S,U), T > U+1. :- in(1,T), T > 1.",
        *(f"nm({number},{quote(name)})." for number, name in enumerate(vocabulary.names)),
        "{ named(S,N) : nm(N,_) } = 1 :- used(S).",
        "span(T,S,X) :- in(S,T), named(S,N), nm(N,X).",
        "{ parent(S,P) : in(P,T), P < S } 1 :- in(S,T).",
        "parent_ref(S,P) :- parent(S,P).",
        "&diff{ s(S) - e(S) } <= 0 :- used(S). &diff{ 0 - s(S) } <= 0 :- used(S).",
        "{ le(A,B,K) } :- need(A,B,K), A != B. le(A,A,K) :- need(A,A,K), K >= 0.",
        "&diff{ A - B } <= K :- le(A,B,K), A != B. &diff{ B - A } <= -K-1 :- need(A,B,K), not le(A,B,K), A != B.",
        "#defined need/3. #defined le/3. #defined text/3. #defined ev/2.",
        *_events(encoding),
        *(line for number, key in enumerate(encoding.fields) for line in _field(number, key, encoding)),
        "#minimize { 1@3,S : used(S) }. #minimize { 1@2,S,F : own(F,S,_) }. #minimize { 1@1,S,P : parent(S,P) }.",
    ]
    if vocabulary.linked:
        lines.append("{ link(S,P) } :- used(S), used(P), S != P. #minimize { 1@1,l,S,P : link(S,P) }.")
    return "\n".join(lines) + "\n"


def _events(encoding: Encoding) -> Iterator[str]:
    for number, name in enumerate(encoding.vocabulary.events):
        yield f"{{ ev(S,{number}) }} :- used(S). event(S,(S,{number}),{quote(name)}) :- ev(S,{number})."
    if encoding.vocabulary.events:
        yield "#minimize { 1@2,e,S,N : ev(S,N) }."


def _field(number: int, key: Key, encoding: Encoding) -> Iterator[str]:
    space, name = key
    values = encoding.vocabulary.values[key]
    of = "ev(X,E), Y = (X,E)" if space == "event" else "used(Y)"
    for index, value in enumerate(values):
        if value is not None:
            yield f"can({number},{index}). text({number},{index},{quote(canonical_text(value))})."
    yield f"val({number},Y,V) :- own({number},Y,V). #defined can/2. #defined own/3."
    if space in {"attribute", "resource"}:
        yield f'text(S,"{space}",{quote(name)},X) :- val({number},S,V), text({number},V,X).'
    if space == "intrinsic" and name in FIXED:
        match name:
            case "span:name":
                # Names and the values of this field are the same list.
                yield f"val({number},Y,V) :- named(Y,V)."
            case "span:root":
                true, false = values.index(True), values.index(False)
                yield f"val({number},Y,{true}) :- used(Y), not parent(Y,_). val({number},Y,{false}) :- parent(Y,_)."
            case _:
                # Not counted among what a small witness avoids: every span has one.
                yield f"{{ fix({number},Y,V) : can({number},V) }} = 1 :- used(Y)."
                yield f"val({number},Y,V) :- fix({number},Y,V)."
        return
    least = "" if None in values else "1 "
    yield f"{least}{{ own({number},Y,V) : can({number},V) }} 1 :- {of}."
    twin = ("resource", name)
    if space == "attribute" and twin in encoding.fields:
        other = encoding.fields.index(twin)
        yield f"same({number},{other},V,W) :- text({number},V,X), text({other},W,X)."
        yield f"val({number},Y,V) :- not own({number},Y,_), used(Y), val({other},Y,W), same({number},{other},V,W)."
