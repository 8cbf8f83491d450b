"""Growth of a store, beside other systems, in one run: ``remem bench scale``."""
