"""The tree and what follows from it: standard library, NumPy and networkx only."""
