"""Stand-ins that need no model, for the tests of applications that use remem.

``Memory(url, encoder=HashEncoder())`` remembers and recalls in milliseconds; ``EchoGenerator``
answers with the prompt that it was given, so that a test can see what a model would have read.
"""

from remem.encoders.opening import HashEncoder
from remem.generators.opening import EchoGenerator

__all__ = ["EchoGenerator", "HashEncoder"]
