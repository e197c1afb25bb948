"""The edge of Roost: REST over HTTP, and gRPC behind it."""
