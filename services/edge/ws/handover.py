"""A stream between two edges, as protobuf and back."""

from typing import Final

from chorus.common.v1 import events_pb2
from chorus.edge.v1 import edge_pb2
from services.edge.ws.resumption import Refusal, State, Wanted

_REFUSALS: Final = {
    Refusal.UNKNOWN: edge_pb2.REFUSAL_UNKNOWN,
    Refusal.TAKEN: edge_pb2.REFUSAL_TAKEN,
    Refusal.OUT_OF_REACH: edge_pb2.REFUSAL_OUT_OF_REACH,
}
_NAMES: Final = {number: refusal for refusal, number in _REFUSALS.items()}


def request(wanted: Wanted, user_id: str, claim: str) -> edge_pb2.TakeOverRequest:
    """Ask for a stream."""
    return edge_pb2.TakeOverRequest(
        connection_id=wanted.connection_id, user_id=user_id, sequence_number=wanted.seq, claim=claim
    )


def wanted(asked: edge_pb2.TakeOverRequest) -> Wanted:
    """Return what is asked for."""
    return Wanted(asked.connection_id, asked.sequence_number)


def answer(given: State | Refusal) -> edge_pb2.TakeOverResponse:
    """Answer with the stream, or why not."""
    if isinstance(given, Refusal):
        return edge_pb2.TakeOverResponse(refusal=_REFUSALS[given])
    state = edge_pb2.ConnectionState(
        frames=given.heads,
        positions=[events_pb2.TopicSeq(topic=topic, seq=seq) for topic, seq in given.positions.items()],
        incarnations=[
            edge_pb2.LogIncarnation(log=log, incarnation=incarnation) for log, incarnation in given.incarnations.items()
        ],
    )
    return edge_pb2.TakeOverResponse(state=state)


def given(response: edge_pb2.TakeOverResponse) -> State | Refusal:
    """Return what was answered; a refusal that this release does not know is one all the same."""
    if response.WhichOneof("result") != "state":
        return _NAMES.get(response.refusal, Refusal.UNKNOWN)
    state = response.state
    return State(
        tuple(state.frames),
        {position.topic: position.seq for position in state.positions},
        {log.log: log.incarnation for log in state.incarnations},
    )
