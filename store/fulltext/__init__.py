"""Full text: tokens, their statistics, and an inverted index in NumPy arrays."""
