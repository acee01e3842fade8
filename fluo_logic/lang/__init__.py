"""The rule language: grammar, syntax tree, parser, checker."""
