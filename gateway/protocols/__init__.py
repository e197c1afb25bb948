"""The engines of the protocols. They know no noun: nouns are declared in gateway.api."""
