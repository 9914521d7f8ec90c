"""Kernels of a small project about equations."""
