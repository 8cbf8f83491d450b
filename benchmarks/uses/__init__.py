"""``bench uses``: what memory is worth to the five uses, with and without a language model."""
