"""The web client in a real browser, on the shared stack: what people do, and what readers complain about elsewhere."""
