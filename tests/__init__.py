"""The tests of fluo_logic."""
