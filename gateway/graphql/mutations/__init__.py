"""The fields of Mutation, by noun."""
