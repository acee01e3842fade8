"""The corpus of rules, traces, verdicts and proofs that `tests/test_cases.py` runs on every engine."""
