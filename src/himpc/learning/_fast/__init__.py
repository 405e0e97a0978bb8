"""Fast implementations of reference formulas: compiled, multi-threaded, or for a GPU.

Each module names the reference implementation and the test that compares both.
"""
