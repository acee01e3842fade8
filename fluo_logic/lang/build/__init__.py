"""Turns parse trees into the abstract syntax, resolving sugar on the way."""
