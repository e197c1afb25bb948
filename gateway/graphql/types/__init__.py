"""The object types of the schema: each looks at a message, and shows of it what is asked for."""
