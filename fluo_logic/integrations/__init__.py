"""Where others call fluo: test runners, the OpenTelemetry SDK, notebooks.  Each module needs the package it is for.

The names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fluo_logic.integrations.live_checker import Limits
    from fluo_logic.integrations.live_counts import Statistics
    from fluo_logic.integrations.span_processor import InvariantSpanExporter, InvariantSpanProcessor

__all__ = ["InvariantSpanExporter", "InvariantSpanProcessor", "Limits", "Statistics"]

_HOME_OF: Final = {
    "InvariantSpanExporter": "span_processor",
    "InvariantSpanProcessor": "span_processor",
    "Limits": "live_checker",
    "Statistics": "live_counts",
}

if not TYPE_CHECKING:  # or a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """Import a public name on first use."""
        if name not in _HOME_OF:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        try:
            value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("opentelemetry"):
                raise
            from fluo_logic.errors import ConfigError  # noqa: PLC0415 - only then

            message = f"{name} needs the OpenTelemetry SDK, which is not installed"
            raise ConfigError(code="C164", message=message, hint="pip install 'fluo_logic[sdk]'") from error
        globals()[name] = value
        return value
