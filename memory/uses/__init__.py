"""Uses of a memory that need no language model: summaries, labels, translations, gaps."""
