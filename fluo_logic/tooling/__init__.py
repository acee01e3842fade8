"""Tools for people who write rules: running the examples inside them, and diagnostics."""
