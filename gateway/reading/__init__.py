"""How lists are read, by noun: skeleton → hydrate → rules; presenting is the protocol's part."""
