"""Rules that put what was recalled in order.

Echoes come behind what they repeat, what is true now before what was, occasions by their times.
"""
