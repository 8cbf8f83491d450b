"""The server under load: ``remem bench load``."""
