"""GraphQL at the edge: the same reading and the same rules as REST, presented by selection."""
