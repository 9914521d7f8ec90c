"""Kernels of a small project, for tests of the claim language."""
