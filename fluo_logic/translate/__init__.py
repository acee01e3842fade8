"""From checked rules to clauses, and from clauses to the input of each engine."""
