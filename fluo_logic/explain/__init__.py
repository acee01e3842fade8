"""From an answer to a proof, and from a proof to a graph, a text and a document."""
