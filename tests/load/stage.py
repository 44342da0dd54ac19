"""What every part of the bench works with: a server, the load on it, and the sheet on which figures are put down."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploy.local.mesh import Mesh
from tests.load import cache
from tests.load.generator import Generator
from tests.load.phases import Phase, faults, load_was_busy
from tests.load.processes import Processes, spent

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long everything takes, in seconds, and how much of it there is."""

    rounds: int = 3
    """In which compared sides take turns; figures are medians over them."""
    warm_up: float = 5
    phase: float = 6
    paced: float = 8
    limit: float = 2
    """For each of the machine's limits, in each round."""
    settle: float = 10
    """After the mesh has come up."""
    still: float = 30
    """The idle mesh is looked at for."""
    few: int = 200
    many: int = 1000
    """Sockets."""
    under_way: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)
    """Posts at once, or rows in a transaction."""
    boot_posts: int = 50_000
    boots: int = 5
    day: float = 30
    storm: float = 15
    crowd: int = 3000
    """Sockets of the busy day, and of the storm."""
    posts: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    """In a channel."""
    members: tuple[int, ...] = (10, 1_000, 10_000, 100_000)
    """Of a channel."""
    edges: tuple[int, ...] = (2, 1, 2, 1)
    """Turns with one and with two."""
    sockets: tuple[int, ...] = (10, 100, 1_000, 10_000)
    """On one edge; none: this is left out."""


FULL = Plan()
QUICK = Plan(
    warm_up=1,
    phase=1.5,
    paced=2,
    limit=0.5,
    settle=3,
    still=6,
    under_way=(1, 8, 32, 128),
    boot_posts=5_000,
    boots=3,
    day=6,
    storm=6,
    crowd=1000,
    posts=(1_000, 100_000),
    members=(10, 10_000),
    edges=(2, 1),
    sockets=(),
)


@dataclass(slots=True)
class Sheet:
    """What a run finds."""

    found: dict[str, float] = field(default_factory=dict)
    """By the key of the measure, see tests.load.measures."""
    told: dict[str, Any] = field(default_factory=dict)
    """What is behind these figures, by part: JSON."""
    phases: dict[str, list[Phase]] = field(default_factory=lambda: defaultdict(list))
    """Every round of each phase."""
    faults: list[str] = field(default_factory=list)
    """What was refused, lost or misnumbered."""
    notes: list[str] = field(default_factory=list)
    """What else a reader has to know."""

    def put(self, key: str, value: float | None) -> None:
        """Put a figure down, if there is one."""
        if value is not None:
            self.found[key] = value


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server that is measured too."""

    name: str
    url: str | None = None
    """Of a server of the Mattermost API; None: Synapse, started here."""
    admin: str = ""
    """login:password, on a server that has users."""


class Stage:
    """A server under load; `mesh` when its processes are ours to look at."""

    def __init__(
        self,
        generator: Generator,
        mesh: Mesh | None,
        plan: Plan,
        sheet: Sheet,
        progress: Progress,
        peer: Peer | None = None,
    ) -> None:
        self.generator = generator
        self.mesh = mesh
        self.plan = plan
        self.sheet = sheet
        self.progress = progress
        self.peer = peer
        self._processes = Processes(mesh) if mesh else None

    def look_again(self) -> None:
        """Find the processes anew: some were killed, or there are more or fewer of them."""
        self._processes = Processes(self.mesh) if self.mesh else None

    def run(self, phase: str, seconds: float = 0, *, keep: str = "", most: int | None = None, **how: Any) -> Phase:
        """Run a phase, and keep it as a round of that name, or of its own; what goes wrong is put down."""
        before = self.cpu()
        asked = cache.pages(self.mesh) if self.mesh else {}
        figures = self.generator.ask(phase, seconds, most, **how)
        cpu = spent(before, self.cpu())
        hits = cache.hit_rate(asked, cache.pages(self.mesh)) if self.mesh else None
        if hits is not None:
            figures["cache_hits"] = hits
        done = Phase(figures, cpu)
        name = keep or phase
        self.sheet.phases[name].append(done)
        self.sheet.faults += faults(name, figures)
        return done

    def cpu(self) -> Mapping[str, float]:
        """CPU seconds since each group's processes began; empty when they are not ours."""
        return self._processes.cpu() if self._processes else {}

    def memory(self) -> Mapping[str, int]:
        """Bytes of each group (PSS); empty when they are not ours."""
        return self._processes.memory() if self._processes else {}


def as_json(sheet: Sheet) -> dict[str, Any]:
    """The rounds, and everything behind the figures."""
    phases = {
        name: [{**phase.figures, "cpu_seconds": dict(phase.cpu)} for phase in rounds]
        for name, rounds in sheet.phases.items()
    }
    told: dict[str, Any] = json.loads(json.dumps(sheet.told))
    return {"faults": sheet.faults, "notes": sheet.notes, **told, "phases": phases}


def note_busy_load(sheet: Sheet) -> None:
    """Say where the load itself may have been the limit."""
    for name, rounds in sheet.phases.items():
        busy = load_was_busy(rounds)
        if busy:
            sheet.notes.append(f"{name}: the load itself kept {busy:.0%} of a core busy, and may have been the limit")
