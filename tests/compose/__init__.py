"""Makes the captures of `tests/captures` whose PCs never existed: `python -m tests.compose` writes them.

Written from what kernels and tools really print, apart from the probes, so that a mistake of theirs shows. Serials and
addresses are invented. What is committed are the captures; a test holds them equal to what this package makes.
"""
