"""Mistakes that type checkers find: after each line, what mypy and pyright call it."""

import fluo_logic as fl
from fluo_logic.integrations import InvariantSpanProcessor, Limits

rules = fl.load_rules("rules")
report = fl.check("traces", rules)

fl.load_rules(7)  # arg-type, reportArgumentType
fl.rule(b"never { a }")  # arg-type, reportArgumentType
fl.check("traces", "rules")  # arg-type, reportArgumentType
fl.check(7, rules)  # arg-type, reportArgumentType
fl.check("traces", rules, engin="clingo")  # call-arg, reportCallIssue
fl.check("traces", rules, max_proofs="many")  # arg-type, reportArgumentType
fl.check("traces", rules, clock_skew=0.5)  # arg-type, reportArgumentType
fl.explain("one", "traces")  # arg-type, reportArgumentType
fl.nothing  # attr-defined, reportAttributeAccessIssue
report.violation  # attr-defined, reportAttributeAccessIssue
report.ok = True  # misc, reportAttributeAccessIssue
report.violations[0].proof.condition  # union-attr, reportOptionalMemberAccess
report.rules[0].verdicts["violated"] = 1  # index, reportIndexIssue
rules[0]  # index, reportArgumentType
fl.Violation("rule")  # call-arg, reportCallIssue
InvariantSpanProcessor(rules, on_violation=lambda: None)  # arg-type, reportArgumentType
InvariantSpanProcessor(rules, limit=Limits())  # call-arg, reportCallIssue
Limits(quiet="1s")  # arg-type, reportArgumentType
