"""The page: what is remembered, to be seen, searched, corrected and forgotten in a browser.

It is served by the same server, from files in the package: templates that escape everything, one
stylesheet, htmx and one script of our own. Nothing comes from elsewhere, and no word of a memory
is ever more than text.
"""
