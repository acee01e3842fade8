"""The engines: each takes a translated program and facts, and returns the same answer."""
