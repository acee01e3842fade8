"""Reasoning about rules, and about changes to traces, with clingo: over what could be instead of over what is."""
