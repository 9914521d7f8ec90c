"""The exam of the judge: worlds of known truth, played as a run plays them, beside what the verdicts must reach.

Every module here with a function `rows` gives rows of the exam, one table or more; `python -m exam` runs them.
"""
