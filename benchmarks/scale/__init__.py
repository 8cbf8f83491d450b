"""How a store grows, beside other systems, in one run: ``remem bench scale``."""
