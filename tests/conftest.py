"""One Hypothesis profile for all tests, and how thorough the panels of edits are."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "theorylab",
    deadline=None,  # the first example of a shape compiles
    derandomize=True,
    print_blob=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],  # drawing a sympy expression or an instance takes a while
)
settings.load_profile("theorylab")


def pytest_addoption(parser):
    parser.addoption(
        "--thorough",
        action="store_true",
        help="run every kernel, every edit of tests/edits, and every claim without each mechanism of tests/removals (half an hour)",
    )
