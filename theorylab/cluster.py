"""Blocks of lanes on the workers of a Dask cluster. This process judges and stores; the workers compute, and see no claim.

The project's simulations/ travel to each worker once, as one archive, and are unpacked under its hash. A worker must have the same
theorylab and the same versions of what the kernels import: its blocks are then those that this machine would compute.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import logging
import multiprocessing
import pickle
import queue
import re
import signal
import sys
import threading
import uuid
import zipfile
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import __version__, devices, digests, source
from .kernels import Inputs, KernelFault, Kernels, Program
from .machines import Unusable, Where
from .project import Project
from .slip import Slip

Tell = Callable[[str], None]
Placed = tuple[int, dict[str, np.ndarray]]

INSTALL = "python -m pip install 'theorylab[cluster]'"
# Who ends so many workers, the last of them alone, is no victim of what ran beside it.
DEATHS = 3
# XLA's name for the number of its threads. XLA_FLAGS would do too, but what is compiled under other flags is compiled again.
ONE_THREAD = {"NPROC": "1"}
LOCAL = {
    # What is run again after a death is decided here.
    "distributed.scheduler.allowed-failures": 0,
    # An idle worker otherwise waits for a second, which is longer than most blocks take.
    "distributed.scheduler.work-stealing-interval": "100ms",
}
ANSWERING = 10
LEAVING = 0.5


class Parcel(NamedTuple):
    """What a worker needs: an archive and its hash, the names in it of the project's folders and of the files of this run's kernels and
    families, and the folder for compiled functions, where the worker is this command's own."""

    name: str
    archive: bytes
    roots: tuple[str, ...]
    files: tuple[str, ...]
    compiled: str | None


class Host(NamedTuple):
    """What a worker says of itself: its kind of device, and what its numbers follow from beside the archive."""

    device: str
    parts: Mapping[str, str]


class Answer(NamedTuple):
    """What became of a block: its measured letters, or what is wrong with the kernel; neither where the worker lacks the archive."""

    worker: str
    block: dict[str, np.ndarray] | None = None
    fault: KernelFault | Slip | None = None


@contextmanager
def opened(project: Project, files: Collection[Path], where: Where, tell: Tell) -> Iterator[Cluster]:
    """A cluster that computes blocks of the kernels and families in these files. Raises Unusable."""
    try:
        import distributed
        from dask import config
    except ImportError as error:
        raise Unusable(f"--workers and --cluster need dask ({error}). Install it: {INSTALL}") from None
    compiled = None if where.cluster else project.state / "compiled"
    with ExitStack() as stack:
        if not where.cluster:
            stack.enter_context(config.set(LOCAL))
            # The process that looks after semaphores would warn of those that Ctrl-C leaves to it.
            sys.warnoptions.append("ignore:resource_tracker:UserWarning")
            options = {"n_workers": where.workers, "threads_per_worker": 1, "memory_limit": 0, "env": ONE_THREAD}
            quiet = {"dashboard_address": ":0", "scheduler_kwargs": {"dashboard": False}, "silence_logs": logging.CRITICAL}
            scheduler: Any = stack.enter_context(distributed.LocalCluster(**options, **quiet))
        elif "://" in where.cluster:
            scheduler = where.cluster
        else:
            scheduler = stack.enter_context(_started(where.cluster))
            scheduler.scale(where.workers)
        try:
            client = stack.enter_context(distributed.Client(scheduler, timeout=ANSWERING, set_as_default=False))
        except (OSError, ValueError) as error:
            raise Unusable(f"no scheduler answers at {where.cluster}: {error}. dask scheduler starts one.") from None
        if not client.nthreads():
            tell(f"waiting for the first worker of {where.cluster or 'this machine'}")
            client.wait_for_workers(1)
        yield Cluster(client, _packed(project, files, compiled), _parts(files), tell)


class Cluster:
    """Computes blocks of lanes on the workers of a Dask client; in several threads, where they ask."""

    def __init__(self, client: Any, parcel: Parcel, parts: Mapping[str, str], tell: Tell) -> None:
        """`parts` are what numbers follow from here, beside the archive. Raises Unusable where a worker differs."""
        self._client, self._parcel, self._parts, self._tell = client, parcel, parts, tell
        self._compiled: dict[Program, set[str]] = {}
        self._firsts: dict[Program, threading.Lock] = {}
        self._lock, self._alone = threading.Lock(), threading.Lock()
        self.device = ""
        self._send(None)

    @property
    def threads(self) -> int:
        """How many blocks are computed at a time."""
        return max(1, sum(self._client.nthreads().values()))

    def compute(self, program: Program, blocks: Sequence[Inputs]) -> Iterator[Placed]:
        """The measured letters of blocks with their positions, as they are finished. Raises KernelFault, Slip and Unusable.

        The first block of a program goes alone to one worker, which compiles it; those after it prefer workers that have.
        """
        waiting = deque(enumerate(blocks))
        try:
            with self._lock:
                first = self._firsts.setdefault(program, threading.Lock())
            with first:
                known = not waiting or program in self._compiled
                found = [] if known else [(waiting[0][0], self._block(program, waiting.popleft()[1]))]
            yield from found
            yield from self._side_by_side(program, waiting)
        except (CancelledError, OSError):
            raise Unusable(f"the scheduler {self._client.scheduler.address} is gone") from None

    def leave(self) -> None:
        """Ends what this command started, before its process ends without more ado: local workers, a queueing system's jobs."""
        for worker in multiprocessing.active_children():
            worker.kill()
        if self._client.cluster is not None and self._parcel.compiled is None:
            closing = threading.Thread(target=self._client.cluster.close, daemon=True)
            closing.start()
            closing.join(LEAVING)

    def _side_by_side(self, program: Program, waiting: deque[tuple[int, Inputs]]) -> Iterator[Placed]:
        if not waiting:
            return
        running: dict[Any, tuple[int, Inputs]] = {}
        finished: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # Enough to keep the workers busy and no more: what waits on a worker that dies has to be run again.
        room = 2 * self.threads
        while waiting or running:
            while waiting and len(running) < room:
                place, inputs = waiting.popleft()
                future = self._submitted(program, inputs)
                running[future] = place, inputs
                future.add_done_callback(finished.put)
            future = finished.get()
            place, inputs = running.pop(future)
            yield place, self._block(program, inputs, future)

    def _block(self, program: Program, inputs: Inputs, future: Any = None) -> dict[str, np.ndarray]:
        """The measured letters of a block; `future` is its first attempt, where that was begun. A worker's death has it run again."""
        from distributed import KilledWorker

        deaths = 0
        while True:
            suspect = deaths >= DEATHS - 1
            with self._alone if suspect else nullcontext():
                try:
                    answer: Answer = (future or self._submitted(program, inputs)).result()
                except KilledWorker as error:
                    deaths += error.allowed_failures + 1
                    if suspect:
                        on = program.family or "no family"
                        why = "it crashes, or needs more memory than there is. The worker's log, or a run without workers, says more"
                        raise KernelFault(f"{program.kernel} on {on} ended {deaths} workers, the last one alone: {why}.") from None
                    self._tell(f"a worker ended while it had to compute {program.kernel}; that is computed again on another")
                    answer = Answer("")
            future = None
            if answer.fault is not None:
                raise answer.fault
            if answer.block is not None:
                with self._lock:
                    self._compiled.setdefault(program, set()).add(answer.worker)
                return answer.block
            if answer.worker:
                self._send([answer.worker])

    def _submitted(self, program: Program, inputs: Inputs) -> Any:
        if self._client.status != "running":
            raise CancelledError
        with self._lock:
            there = sorted(self._compiled.get(program, ()))
        task = pickle.dumps((program, inputs))
        key = f"{program.kernel} on {program.family}-{uuid.uuid4().hex}"
        options = {"workers": there, "allow_other_workers": True} if there else {}
        return self._client.submit(_computed, self._parcel.name, task, key=key, **options)

    def _send(self, workers: list[str] | None) -> None:
        """Gives workers the archive, all of them where none is named. Raises Unusable where one is not like this machine."""
        for address, host in self._client.run(_unpack, self._parcel, workers=workers, on_error="return").items():
            match host:
                case Host(device=kind, parts=parts):
                    self.device = self.device or kind
                    unlike = [_compared(name, self._parts, parts) for name in digests.changed(self._parts, parts)]
                    unlike += [] if kind == self.device else [f"the device ({kind} there, {self.device} on others)"]
                    if unlike:
                        why = "its numbers would not be those that they are stored as. Make both the same"
                        raise Unusable(f"the worker {address} differs in {', '.join(unlike)}: {why}.")
                case OSError():
                    # It died meanwhile.
                    continue
                case error:
                    why = f"{type(error).__name__}: {error}"
                    raise Unusable(f"the worker {address} cannot run theorylab ({why}). Install it there: theorylab=={__version__}.")
        if not self.device:
            raise Unusable(f"no worker of {self._client.scheduler.address} answers")


# What a worker has unpacked, by the hash of the archive.
_unpacked: dict[str, Kernels] = {}


def _unpack(parcel: Parcel, dask_worker: Any) -> Host:
    """On a worker: takes an archive into a folder that goes with the worker, and says what numbers follow from here."""
    if parcel.compiled:
        # On a terminal, Ctrl-C reaches the workers too; it is for the command alone.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    here = Path(dask_worker.local_directory)
    folder = here / parcel.name
    if parcel.name not in _unpacked:
        with zipfile.ZipFile(io.BytesIO(parcel.archive)) as archive:
            archive.extractall(folder)
        roots = tuple(folder / root for root in parcel.roots)
        _unpacked[parcel.name] = Kernels(Project(roots[0], roots), Path(parcel.compiled or here / "theorylab-compiled"))
    return Host(devices.described(), _parts([folder / file for file in parcel.files]))


def _computed(name: str, task: bytes) -> Answer:
    """On a worker: the measured letters of a block."""
    from distributed import get_worker

    worker = get_worker().address
    if name not in _unpacked:
        return Answer(worker)
    program, inputs = pickle.loads(task)
    try:
        return Answer(worker, _unpacked[name].compute(program, inputs))
    except (KernelFault, Slip) as fault:
        # As a value: Dask would cut a long text.
        fault.__cause__ = fault.__context__ = None
        return Answer(worker, fault=fault.with_traceback(None))


def _packed(project: Project, files: Collection[Path], compiled: Path | None) -> Parcel:
    """All of the project's simulations/, its own and the shipped ones."""
    roots = {root: str(number) for number, root in enumerate(dict.fromkeys((project.root, *project.roots)))}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for root, name in roots.items():
            for file in sorted((root / "simulations").rglob("*")):
                inside = file.relative_to(root)
                if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
                    # Without times: the same files make the same archive.
                    archive.writestr(zipfile.ZipInfo(f"{name}/{inside.as_posix()}"), file.read_bytes(), zipfile.ZIP_DEFLATED)
    named = tuple(f"{name}/{file.relative_to(root).as_posix()}" for root, name in roots.items() for file in files if _lies(file, root))
    hashed = hashlib.sha256(held.getvalue()).hexdigest()[:32]
    return Parcel(f"theorylab-{hashed}", held.getvalue(), tuple(roots.values()), named, compiled and str(compiled))


def _lies(file: Path, root: Path) -> bool:
    return file.is_relative_to(root / "simulations")


def _parts(files: Collection[Path]) -> dict[str, str]:
    """What the numbers of kernels and families in these files follow from, beside their sources: theorylab, versions, settings."""
    own = {"theorylab's sources": digests.of(source.code(file) for file in source.closure(digests.HERE / "cluster.py"))}
    return own | digests.outside([*files, *source.closure(digests.HERE / "kernels.py")]) | digests.environment()


def _compared(name: str, here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What differs, with both values where a reader can tell them from each other."""
    values = [there.get(name, "") or "none", here.get(name, "") or "none"]
    return name if any(re.fullmatch("[0-9a-f]{32}", value) for value in values) else f"{name} ({values[0]} there, {values[1]} here)"


def _started(name: str) -> Any:
    """A cluster of the class "module:Class", as Dask's own configuration files set it up. Raises Unusable."""
    from distributed.deploy.cluster import Cluster as Deployed

    module, _, attribute = name.partition(":")
    try:
        started = getattr(importlib.import_module(module), attribute)()
    except ModuleNotFoundError as error:
        raise Unusable(f"--cluster {name}: {error}. Install it; for dask_jobqueue: {INSTALL}") from None
    except AttributeError:
        raise Unusable(f"--cluster {name}: {module} has no class {attribute!r}. Write such as dask_jobqueue:SLURMCluster.") from None
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise Unusable(f"--cluster {name} does not start: {error}") from None
    if not isinstance(started, Deployed):
        raise Unusable(f"--cluster {name} is no cluster of Dask's. Write such as dask_jobqueue:SLURMCluster.")
    return started
