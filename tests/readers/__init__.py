"""Tests of the readers of trace formats."""
