"""Memory in the frameworks that people use, a module and an extra for each."""
