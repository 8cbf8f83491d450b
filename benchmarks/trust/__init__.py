"""Trust in what a memory says of itself: its relevance is a probability, and its silence justified.

``calibration`` compares relevance with gold, ``floors`` what a floor keeps with what it silences,
``people`` asks about the wrong person, ``separation`` says how well two kinds of questions are told
apart; ``tally`` gathers them over a data set. All but the tally is pure.
"""
