"""Readings of texts and questions, by their words alone: what is asked, who is named, what is said.

Nothing in here knows of a ranking. ``languages.py`` tells languages apart, ``asking.py`` questions
from statements; ``question.py`` reads a question, and ``matter.py``, ``persons.py``, ``past.py``,
``dates``, ``answers.py`` and ``demands.py`` what it is about; ``states.py`` and ``claims.py`` read
what people say of themselves.
"""
