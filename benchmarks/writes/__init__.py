"""Price of a fact written into weights, beside one written into a memory."""
