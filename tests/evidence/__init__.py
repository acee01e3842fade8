"""Tests of evidence by control."""
