"""Where graphs go: ``--graph FORMAT[=PATH]``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fluo_logic.commands.output import check_targets
from fluo_logic.commands.settings import Output
from fluo_logic.errors import ConfigError
from fluo_logic.lang.suggest import did_you_mean


def graph_outputs(words: Sequence[str] | None, known: Iterable[str]) -> list[Output]:
    """Return the graphs that were asked for.

    Raises:
        ConfigError: a format does not exist, or a file is missing or cannot be written.
    """
    forms = list(known)
    outputs = [_output(word, forms) for word in words or ()]
    check_targets(outputs)
    return outputs


def _output(word: str, known: Sequence[str]) -> Output:
    form, equals, path = word.partition("=")
    if form not in known:
        hint = did_you_mean(form, known) or f"there are {', '.join(known)}"
        raise ConfigError(code="C151", message=f"--graph: there is no format `{form}`", hint=hint)
    if equals and not path:
        raise ConfigError(code="C151", message=f"--graph: `{word}` names no file", hint=f"write {form}=PATH")
    return Output(form, path or None)
