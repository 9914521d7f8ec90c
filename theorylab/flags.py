"""What the flags of a verdict mean."""

FLAGS = {
    "vacuous": "the bound lies above what any method attains on the whole range",
    "loose": "the largest ratio to the bound is below 0.1",
    "outside assumptions": "some runs did not meet the theorem's assumptions and count for nothing",
    "RARE": "events that no replicate saw could overturn it, and nothing known of the quantity excludes them; the note says how large",
    "one precision": "the kernel does not run in float32, so that nothing tells what conditioning explains: 1e-9 decides",
    "lost in noise": "somewhere the mean is less than three standard errors from zero, so that its logarithm says nothing",
    "at the floor": "runs come down to a level that rounding does not explain; their points count against the claim",
    "floor unknown": "rounding may have stopped the runs, and no run that starts at the solution tells where",
    "range not extended": "the data could not be extended to a range ten times as long; measure larger sizes before believing a refutation",
    "box untested": "how the bound depends on letters of its box was not tested",
    "instances not probed": "no broken algorithm was run on these instances, which would tell whether they can find one out",
    "short range": "fewer than two decades or eight sizes: it can support, not refute",
    "advisory": "a rerun might change the verdict; it does not gate",
}
