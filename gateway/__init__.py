"""The edge of Roost: REST, GraphQL and a stream in front, gRPC behind."""
