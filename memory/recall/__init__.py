"""From a question to the memories that answer it, and to what a model reads of them.

``reading`` is of words, ``order`` of what comes first. ``retriever.py`` puts a message to the
store, each question of it by ``search.py``; ``signals.py`` and ``ranking.py`` make one ranking of
what the store returns, and ``relevance.py`` and ``doubts.py`` judge it. ``prompt.py`` makes the
block of a prompt, and ``quotes.py`` an answer without a model. What is pure says so in its first
line.
"""
