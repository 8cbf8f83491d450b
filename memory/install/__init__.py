"""Entries of remem in the settings of coding agents and desktop programs: put in, taken out."""
