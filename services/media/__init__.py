"""The Media service: its contract is declared, and no process serves it yet."""
