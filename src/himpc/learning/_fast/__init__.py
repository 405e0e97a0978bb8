"""Fast forms of formulas: compiled, in threads, or for a GPU.

Each module names the formula that it equals and the test that holds the two equal.
"""
