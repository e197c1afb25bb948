"""GraphQL subscriptions to the log of events and to posts."""
