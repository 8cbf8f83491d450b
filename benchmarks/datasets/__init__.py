"""Data sets with gold answers: what is remembered, what is asked, and what should be recalled."""
