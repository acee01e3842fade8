"""Tests of how proofs are written for people."""
