"""From an answer to a proof, and from a proof to a graph, a text and a document.

The public function ``fluo_logic.explain`` has the name of this package, so the package can be called.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from fluo_logic.api import Settings, Traces
    from fluo_logic.lang.syntax import Rule
    from fluo_logic.pipeline import Explanation, Options


class _ExplainPackage(ModuleType):
    """A package that is also the function `fluo_logic.api.explain`."""

    def __call__(
        self,
        rule: Rule,
        traces: Traces,
        scope: str | None = None,
        options: Options | None = None,
        **settings: Unpack[Settings],
    ) -> Explanation:
        """Explain why one rule has its verdict on one scope; see `fluo_logic.api.explain`."""
        from fluo_logic.api import explain  # noqa: PLC0415 - the function stands above this package

        return explain(rule, traces, scope, options, **settings)


sys.modules[__name__].__class__ = _ExplainPackage
