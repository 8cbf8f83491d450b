"""The server: an OpenAI-compatible proxy that remembers, and the REST interface beside it."""
