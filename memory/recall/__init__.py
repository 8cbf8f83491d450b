"""From a question to the memories that answer it, and to what a model reads of them.

``retriever.py`` asks the store, ``ranking.py`` makes one ranking of what it answers, of which
``signals.py`` and the modules of languages, names, dates, claims, updates and echoes know something
each; ``relevance.py`` and ``doubts.py`` judge it. ``prompt.py`` makes the block of a prompt, and
``quotes.py`` an answer without a model. What is pure says so in its first line.
"""
