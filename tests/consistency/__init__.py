"""Tests of reasoning about rules and changes."""
