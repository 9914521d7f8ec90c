"""The judge: measurements of a claim in, a verdict with its reasons out. It knows no kernel and runs nothing."""
