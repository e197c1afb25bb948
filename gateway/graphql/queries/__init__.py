"""The fields of Query, by noun."""
