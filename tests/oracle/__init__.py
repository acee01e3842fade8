"""A second reading of the rule language, to test the engines against."""
