"""What a read must know first: may the reader, and at which seq is the channel. The primary says it to all that wait.

Permission and position are of one snapshot, taken after the reader asked: so whoever shows the channel at exactly that
seq shows everything that was acknowledged before, to somebody who was allowed to see it (DESIGN §5).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from services.chassis.batching import Batcher
from services.chassis.database import Database
from services.chassis.errors import DomainError
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.messaging.store import freshness as store
from services.messaging.store.freshness import Standing

MAX_CHECKS: Final = 256
MAX_WAITING: Final = 4096


class Question(NamedTuple):
    """May this user read this channel, and where is it?"""

    user_id: str
    channel_id: str


class Freshness:
    """Asks the primary for all that wait, in one statement."""

    def __init__(self, primary: Database, tasks: Tasks, metrics: Metrics) -> None:
        """Only a primary can say what is current."""
        self._primary = primary
        self._questions: Batcher[Question, Standing] = Batcher(
            "check", self._look, tasks, metrics, max_items=MAX_CHECKS, max_waiting=MAX_WAITING
        )

    async def standing(self, user_id: str, channel_id: str) -> Standing:
        """Answer one question. Raises unavailable without a primary, busy when too many wait."""
        return await self._questions.submit(Question(user_id, channel_id))

    async def standings(self, questions: Sequence[Question]) -> list[Standing]:
        """Answer questions in their order. Raises unavailable without a primary, busy when too many wait."""
        answers = []
        for answer in await self._questions.submit_all(questions):
            if isinstance(answer, DomainError):
                raise answer
            answers.append(answer)
        return answers

    async def _look(self, questions: Sequence[Question]) -> list[Standing]:
        asked = sorted(set(questions))
        (rows,) = await self._primary.once(store.reading(asked))
        found = dict(zip(asked, store.found(rows), strict=True))
        return [found[question] for question in questions]
