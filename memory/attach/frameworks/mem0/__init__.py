"""mem0's ``Memory`` over remem: the same calls and the same results, after a change of one import.

::

    from remem.attach.frameworks.mem0 import Memory  # was: from mem0 import Memory

What differs: no language model runs, so every message of the user and the assistant is kept word
for word, and ``infer`` and ``prompt`` change nothing; each user has a namespace of their own; what
was deleted has no history; ``timestamp`` and ``reference_date`` work. The arguments of mem0 1
(``user_id=``, ``agent_id=``, ``run_id=`` and ``limit=`` of ``search`` and ``get_all``) are
understood too.
"""

from remem.attach.frameworks.mem0.facade import AsyncMemory, Memory

__all__ = ["AsyncMemory", "Memory"]
