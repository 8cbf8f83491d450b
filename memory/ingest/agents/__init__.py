"""Transcripts of coding agents: readers, the places where they lie, and whose they are."""
