"""GraphQL: the same queries and rules as REST, presented by selection."""
