"""Traces in, facts out: readers, the data set and the catalogue of predicates."""
