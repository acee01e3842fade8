"""Executable invariants over OpenTelemetry traces, every answer with its proof."""
