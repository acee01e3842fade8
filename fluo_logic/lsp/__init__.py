"""A language server for `.fluo` files: what is wrong, what a rule says, what could stand here, canonical layout."""
