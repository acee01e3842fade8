"""From verdicts and proofs to what a person or another program reads."""
