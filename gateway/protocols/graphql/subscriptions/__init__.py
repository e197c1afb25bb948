"""Subscriptions over `graphql-transport-ws`, from the event log that the stream reads."""
