"""The commands of `roost`; each module registers its own."""
