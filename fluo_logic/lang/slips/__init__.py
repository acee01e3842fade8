"""The slips that rules are written with: what each looks like, what to say about it, how to read on after it."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.slips.constants import CONSTANTS
from fluo_logic.lang.slips.examples import EXAMPLES
from fluo_logic.lang.slips.forms import FORMS
from fluo_logic.lang.slips.operators import OPERATORS
from fluo_logic.lang.slips.others import OTHERS
from fluo_logic.lang.slips.slip import Slip

SLIPS: Final[tuple[Slip, ...]] = (*EXAMPLES, *OPERATORS, *CONSTANTS, *FORMS, *OTHERS)
"""In the order in which they are tried.  The last row is tried only where a character outside ASCII stands."""
