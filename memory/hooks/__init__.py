"""Hooks of coding agents: a briefing when a session begins, storing it when it is over."""
