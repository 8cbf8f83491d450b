"""Roads from a chatbot to a memory.

What all of them share is ``attachment.py``: recall before an answer, remember after it. A chat is
read in ``conversation.py``, a reply in ``replies.py``, blocks are sent again in ``replay.py``, and
``tasks.py`` knows what a front end asks for itself. ``chat.py`` is a chatbot in Python,
``openai_client.py`` a client that remembers, ``frameworks/`` has a module for each framework.
"""
