"""What simulate promises: seeds that know no claim, blocks that change nothing, faults that name their place."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from jax.stages import Lowered

from tests.project_copies import copy
from theorylab import programs
from theorylab.kernels import Executable, Kernels
from theorylab.project import find_project
from theorylab.simulate import KernelFault, Lanes, Run, Simulator
from theorylab.store import Blocks

NOISY = find_project(Path(__file__).parent / "projects" / "noisy")
MEAN = Run(
    kernel="sampling:sample_mean",
    family=None,
    sweep=(("n", (10, 100, 1000)),),
    along=None,
    varies=(),
    fixed=(("sigma", 2.0),),
    sized=frozenset(),
    outputs=(("error", "error", ()),),
    seed=0,
    block=16,
    needed=frozenset({"error"}),
)
WALK = replace(
    MEAN,
    kernel="sampling:walk",
    family="boxes:points",
    sweep=(),
    along=("k", (0, 1, 2, 5, 10)),
    fixed=(),
    outputs=(("distance", "distance", ()), ("first", "first", ())),
)


@pytest.fixture(scope="module")
def simulator():
    return Simulator(NOISY)


def test_more_replicates_leave_the_earlier_ones_bit_for_bit(simulator):
    few = simulator.data(MEAN, Lanes((0,), (0, 1, 2)))
    many = simulator.data(MEAN, Lanes((0,), tuple(range(40))))
    np.testing.assert_array_equal(few["error"], many["error"][..., :3])


def test_more_points_leave_the_earlier_ones_bit_for_bit(simulator):
    one = simulator.data(replace(MEAN, sweep=(("n", (100,)),)), Lanes((0,), (0, 1)))
    many = simulator.data(MEAN, Lanes((0,), (0, 1)))
    np.testing.assert_array_equal(one["error"].sel(n=100), many["error"].sel(n=100))


def test_a_kernel_that_is_forgotten_is_compiled_again_to_the_same_and_others_stay():
    own = Simulator(NOISY)
    before = own.data(MEAN, Lanes((0,)))["error"]
    own.data(WALK, Lanes((0,)))
    own.forget(["sampling:sample_mean"])
    made = own.kernels.compilations
    own.data(WALK, Lanes((1,)))
    assert own.kernels.compilations == made
    np.testing.assert_array_equal(own.data(MEAN, Lanes((0, 1)))["error"].sel(instance=[0]), before)
    assert own.kernels.compilations == made + 1
    own.forget(["sampling:walk", "boxes:points"])
    own.data(WALK, Lanes((2,)))
    assert own.kernels.compilations == made + 3


def test_another_seed_gives_other_numbers(simulator):
    a, b = (simulator.data(replace(MEAN, seed=s), Lanes((0,), (0, 1)))["error"].values for s in (0, 1))
    assert not np.any(a == b)


def test_replicates_and_points_are_independent_draws(simulator):
    data = simulator.data(MEAN, Lanes((0,), tuple(range(64))))["error"].values.ravel()
    assert len(np.unique(data)) == data.size


def test_rival_kernels_see_the_same_noise(simulator):
    mine = simulator.data(MEAN, Lanes((0,), tuple(range(8))))["error"].sel(n=10).values
    rival = simulator.data(replace(MEAN, kernel="sampling:correlated_mean"), Lanes((0,), tuple(range(8))))["error"].sel(n=10).values
    np.testing.assert_allclose(mine * 10**0.25, rival, rtol=1e-12)  # both scale one normal draw; 1e-12 is a few roundings


def test_an_equal_run_is_not_computed_twice():
    simulator = Simulator(NOISY)
    first = simulator.data(MEAN, Lanes((0,), (0, 1)))
    assert simulator.data(replace(MEAN), Lanes((0,), (0, 1))) is first
    assert simulator.kernels.compilations == 1


def test_one_shape_compiles_once_whatever_the_look_the_grid_and_the_checkpoints():
    simulator = Simulator(NOISY)
    for replicates in (1, 8, 40):
        simulator.data(MEAN, Lanes((0,), tuple(range(replicates))))
    assert simulator.kernels.compilations == 1
    for checkpoints in ((0, 1, 2), tuple(range(50))):
        simulator.data(replace(WALK, along=("k", checkpoints)), Lanes((0,)))
    # The walk, and the points that it begins at.
    assert simulator.kernels.compilations == 3


def test_the_problems_of_a_family_are_built_by_one_function_for_all_kernels_on_it():
    simulator = Simulator(NOISY)
    for kernel in ("sampling:walk", "sampling:lazy_walk"):
        simulator.data(replace(WALK, kernel=kernel, outputs=WALK.outputs[:1]), Lanes((0,)))
    assert simulator.kernels.compilations == 3


@pytest.mark.parametrize("lanes", [Lanes((0, 1, 2)), Lanes((0,), (0, 1), near_solution=True), Lanes((0,), (0, 1), shaken=0)])
def test_problems_too_large_for_that_are_built_where_they_are_used(lanes, monkeypatch, simulator):
    apart = simulator.data(WALK, lanes)
    monkeypatch.setattr("theorylab.kernels.APART", 0)
    own = Simulator(NOISY)
    xr.testing.assert_allclose(own.data(WALK, lanes), apart, rtol=1e-14)
    assert own.kernels.compilations == 1


def test_running_leaves_the_hosts_jax_in_single_precision(simulator):
    import jax
    import jax.numpy as jnp

    before = jax.config.jax_enable_x64
    assert simulator.data(MEAN, Lanes((0,)))["error"].dtype == np.float64
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(1).dtype == jnp.float32


def test_a_letter_that_nobody_takes_is_no_dimension(simulator):
    data = simulator.data(replace(MEAN, sweep=(*MEAN.sweep, ("m", (1, 2)))), Lanes((0,)))
    assert "m" not in data.dims


def test_an_along_letter_is_a_dimension_of_what_changes_along_a_run(simulator):
    data = simulator.data(WALK, Lanes((0, 1)))
    assert data["distance"].dims == ("instance", "replicate", "k")
    assert data["first"].dims == ("instance", "replicate")
    np.testing.assert_allclose(data["distance"], data["first"] * 0.5 ** data["k"], rtol=1e-14)  # halving is exact in binary


def test_instances_differ_and_do_not_depend_on_which_are_asked_for(simulator):
    several = simulator.data(WALK, Lanes((0, 1, 2)))["first"].values.ravel()
    alone = simulator.data(WALK, Lanes((2,)))["first"].values.ravel()
    assert len(set(several)) == 3
    assert alone[0] == several[2]


def test_a_run_near_the_solution_ends_at_the_floor(simulator):
    assert simulator.has_solution(WALK)
    near = simulator.data(WALK, Lanes((0,), (0, 1, 2, 3), near_solution=True))
    assert float(near["distance"].max()) < 1e-10


def test_shaken_runs_differ_by_roundings_only(simulator):
    plain = simulator.data(WALK, Lanes((0,)))["first"].values.ravel()
    shaken = simulator.data(WALK, Lanes((0,), tuple(range(16)), shaken=0))["first"].values.ravel()
    assert len(set(shaken)) > 1
    np.testing.assert_allclose(shaken, plain[0], rtol=1e-14)  # inputs move by one unit in the last place, 2e-16


def test_cells_outside_the_assumptions_are_never_run(simulator):
    data = simulator.data(replace(MEAN, kernel="sampling:explodes"), Lanes((0,)), lambda values: values["n"] <= 100)
    assert data["ran"].sel(n=1000).item() is False or not bool(data["ran"].sel(n=1000))
    assert np.isnan(data["error"].sel(n=1000)).all()
    assert np.isfinite(data["error"].sel(n=100)).all()


def test_a_diverged_run_is_data(simulator):
    data = simulator.data(replace(MEAN, kernel="sampling:explodes"), Lanes((0,)))
    assert np.isnan(data["error"].sel(n=1000)).all()


def test_a_plain_python_kernel_keeps_the_same_contract(simulator):
    run = replace(MEAN, kernel="sampling:sample_mean_plain")
    few, many = (simulator.data(run, Lanes((0,), tuple(range(m))))["error"] for m in (3, 200))
    np.testing.assert_array_equal(few, many[..., :3])
    # The mean of |N(0, 4/n)| is 2 sqrt(2 / (pi n)); 200 draws know it to 0.75 / sqrt(200) = 5 %, and 25 % is five of those.
    np.testing.assert_allclose(many.mean("replicate").values.ravel(), 2 * np.sqrt(2 / np.pi / many["n"]), rtol=0.25)


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ("raises", ["sampling:raises", "simulations/sampling.py, line", "TypeError"]),
        ("imports", ["simulations/sampling.py, line", "pip install no_such_package", "theorylab[catalogue]"]),
        ("nameless", ["'error'", "eror", "Return it"]),
        ("shapeless", ["(7,)", "one number"]),
        ("single", ["must return a dict"]),
        ("complexes", ["sampling:complexes", "error as complex numbers", "jnp.abs(error)"]),
        ("homeless", ["simulations/sampling.py, line", 'write problems="module:family"']),
        ("branches", ["simulations/sampling.py, line", "jnp.where"]),
        ("to_numpy", ["simulations/sampling.py, line", "jnp for np"]),
        ("reshapes", ["simulations/sampling.py, line", "must have equal types, but they differ: The input carry"]),
    ],
)
def test_a_faulty_kernel_is_blamed_with_its_place_and_mend(simulator, kernel, words):
    with pytest.raises(KernelFault) as fault:
        simulator.data(replace(MEAN, kernel=f"sampling:{kernel}"), Lanes((0,)))
    for word in words:
        assert word in str(fault.value)


def test_a_letter_that_a_kernel_needs_and_nobody_fills_is_named(simulator):
    with pytest.raises(KernelFault, match="takes sigma, which no letter of the claim fills"):
        simulator.data(replace(MEAN, fixed=()), Lanes((0,)))


def test_a_family_that_takes_what_is_read_along_a_run_is_told_so():
    family = "boxes:points_of_steps"
    with pytest.raises(KernelFault, match=r"takes k, which no letter of the claim fills \(one that is read along a run"):
        Simulator(NOISY).numbers(replace(WALK, family=family))


def test_a_kept_program_gives_the_same_bits_without_being_traced(tmp_path, monkeypatch):
    lanes = Lanes((0,), (0, 1))
    fresh = Simulator(NOISY).data(MEAN, lanes)
    first = Simulator(NOISY, tmp_path).data(MEAN, lanes)
    monkeypatch.setattr(Kernels, "_lane", lambda *_: pytest.fail("traced again"))
    assert first.identical(fresh)
    assert Simulator(NOISY, tmp_path).data(MEAN, lanes).identical(fresh)


def test_what_is_known_of_a_family_is_not_traced_again_until_it_is_edited(tmp_path, monkeypatch):
    for edited in (False, True):
        folder = copy(tmp_path / f"edited {edited}")
        boxes = folder / "simulations" / "problems" / "boxes.py"
        if edited:
            boxes.write_text(boxes.read_text() + "\npoints = Family(lambda key: (), lambda parameters: _build(jnp.asarray(1.0)))\n")
        first = Simulator(find_project(folder), tmp_path / "kept")
        assert (first.is_random(WALK), first.has_solution(WALK)) == (not edited, True)
        with monkeypatch.context() as patched:
            patched.setattr(Kernels, "_found_facts", lambda *_: pytest.fail("traced again"))
            again = Simulator(find_project(folder), tmp_path / "kept")
            assert (again.is_random(WALK), again.has_solution(WALK)) == (not edited, True)


def test_another_shape_is_traced_although_a_program_is_kept(tmp_path, monkeypatch):
    Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,)))
    monkeypatch.setattr(Kernels, "_lane", lambda *_: 1 / 0)
    with pytest.raises(KernelFault):
        Simulator(NOISY, tmp_path).data(replace(MEAN, block=8), Lanes((0,), (0,)))


def test_stored_blocks_are_read_by_a_claim_that_needs_letters_that_nothing_measures(tmp_path, monkeypatch):
    project = replace(NOISY, root=tmp_path)
    run, lanes = replace(MEAN, needed=frozenset({"error", "n", "sigma"})), Lanes((0,), (0, 1))
    fresh = Simulator(project, blocks=Blocks(project, pytest.fail)).data(run, lanes)
    monkeypatch.setattr(Kernels, "compute", lambda *_: pytest.fail("computed again"))
    assert Simulator(project, blocks=Blocks(project, pytest.fail)).data(run, lanes).identical(fresh)


def test_what_is_traced_to_the_same_text_is_not_compiled_again(tmp_path, monkeypatch):
    fresh = Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,)))
    (file,) = tmp_path.glob("*.program")
    file.unlink()
    monkeypatch.setattr(Lowered, "compile", lambda *_, **__: pytest.fail("compiled again"))
    assert Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,))).identical(fresh)
    assert file.is_file()


@pytest.mark.parametrize("kind", ["program", "compiled"])
def test_what_is_damaged_is_made_again(tmp_path, kind):
    said = []
    fresh = Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,)))
    (file,) = tmp_path.glob(f"*.{kind}")
    file.write_bytes(file.read_bytes()[:-10])
    project = replace(NOISY, root=tmp_path)
    assert Simulator(project, tmp_path, Blocks(project, said.append)).data(MEAN, Lanes((0,), (0,))).identical(fresh)
    assert [file.name in line for line in said] == [True]
    assert file.is_file()


def test_what_this_jax_cannot_load_is_made_again(tmp_path):
    fresh = Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,)))
    (file,) = tmp_path.glob("*.compiled")
    programs.save(file, b"of another make")
    assert Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,))).identical(fresh)
    assert len(file.read_bytes()) > 1000


def test_what_jax_cannot_write_down_still_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(Executable, "packed", lambda _: 1 / 0)
    fresh = Simulator(NOISY).data(MEAN, Lanes((0,), (0,)))
    for _ in range(2):
        assert Simulator(NOISY, tmp_path).data(MEAN, Lanes((0,), (0,))).identical(fresh)
    assert not [*tmp_path.glob("*.compiled")]


@pytest.mark.parametrize("kernel", ["sampling:sample_mean", "sampling:factorised"])
def test_what_another_process_compiled_gives_the_same_bits(tmp_path, kernel):
    run, lanes = replace(MEAN, kernel=kernel), Lanes((0,), (0, 1, 2))
    fresh = Simulator(NOISY, tmp_path).data(run, lanes)
    code = f"""
import sys
from dataclasses import replace
from pathlib import Path
from tests.test_simulate import MEAN, NOISY, Lanes, Simulator
from theorylab import programs
from theorylab.kernels import Executable, Kernels
Kernels._lane = lambda *_: sys.exit("traced again")
found = Simulator(NOISY, Path({str(tmp_path)!r})).data(replace(MEAN, kernel={kernel!r}), Lanes((0,), (0, 1, 2)))
print(found["error"].values.tobytes().hex())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == fresh["error"].values.tobytes().hex()


def test_a_callback_to_python_cannot_be_kept_and_still_runs(tmp_path):
    run = replace(MEAN, kernel="sampling:asks_python")
    assert float(Simulator(NOISY, tmp_path).data(run, Lanes((0,), (0,)))["error"].sel(n=100).item()) == pytest.approx(0.2)
    assert not [*tmp_path.glob("*.program"), *tmp_path.glob("*.compiled")]


def test_several_factorisations_at_once_end():
    # Without waiting for each other four of them hang in LAPACK on two cores; the limit turns that into a failure.
    code = """
from concurrent.futures import ThreadPoolExecutor
import subprocess
import sys
from dataclasses import replace
from tests.test_simulate import MEAN, NOISY, Lanes, Simulator
simulator = Simulator(NOISY)
runs = [replace(MEAN, kernel="sampling:factorised", block=128, seed=seed) for seed in range(4)]
simulator.data(runs[0], Lanes((0,), (0,)))
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda run: simulator.data(run, Lanes((0,), tuple(range(1, 1281)))), runs))
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True, timeout=60)
