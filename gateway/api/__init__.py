"""The nouns of the API, one folder each, and the tables that put them together."""
