"""Runs rows of the exam and prints what came out: `python -m exam PATTERN... --workers W --runs N --keep`."""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from .tables import keep, measured, rows, said

CHUNK = 50


def counts(name: str, first: int, last: int) -> Counter[str]:
    """What the runs with these seeds count."""
    return rows()[name].counts(range(first, last))


def main() -> int:
    """Prints a line as each row is done; returns 1 where a row did not reach what it must."""
    parser = argparse.ArgumentParser(prog="exam", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], help="names of rows, `table: world`, with wildcards; a table alone means all")
    parser.add_argument("--runs", type=int, help="runs of each row, instead of its own number")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--keep", action="store_true", help="write tests/exam/measured.json and docs/exam.md")
    given = parser.parse_args()
    chosen = [name for name in rows() if any(fnmatch.fnmatch(name, p) or fnmatch.fnmatch(name, f"{p}: *") for p in given.patterns)]
    if not chosen:
        print(f"no row matches {' '.join(given.patterns)}; the tables are {', '.join(dict.fromkeys(r.table for r in rows().values()))}")
        return 2
    found, missed = measured() if given.keep else {}, []
    with ProcessPoolExecutor(given.workers) as pool:
        asked = {}
        for name in chosen:
            runs = given.runs or rows()[name].runs
            asked[name] = [pool.submit(counts, name, first, min(first + CHUNK, runs)) for first in range(0, runs, CHUNK)]
        table = ""
        for name in chosen:
            row = rows()[name]
            total: Counter[str] = Counter()
            for part in asked[name]:
                total.update(part.result())
            found[name] = dict(total)
            missed += [name for reach in row.reach if not reach.met(total[reach.count], int(total["runs"]))]
            print(*([f"\n{row.table}"] if row.table != table else []), f"  {said(row, found)}", sep="\n", flush=True)
            table = row.table
            if given.keep:
                keep(found)
    print(f"\n{len(chosen)} rows, {len(set(missed))} short of what they must reach", *sorted(set(missed)), sep="\n  ")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
