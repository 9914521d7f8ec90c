"""Problems and kernels: what theorems are about, and the algorithms that they are about.

Nothing here knows what a paper claims: a kernel cannot read the bound that it is meant to check.
"""
