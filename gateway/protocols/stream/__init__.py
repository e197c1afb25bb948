"""The stream: `/v1/stream`, a WebSocket with the subprotocol `roost.v1`."""
