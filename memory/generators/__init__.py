"""Generators: the language models that answer with the help of recalled memories."""
