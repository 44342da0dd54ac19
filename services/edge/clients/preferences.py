"""Calls of auth: preferences."""

from collections.abc import Sequence

from chorus.auth.v1 import preferences_pb2, preferences_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor

Preferences = Sequence[preferences_pb2.Preference]


class PreferenceClient:
    """What users' clients keep for them."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._preferences = preferences_pb2_grpc.PreferenceServiceStub(peer.channel)

    async def find(self, caller: Caller, user_id: str, category: str = "", name: str | None = None) -> Preferences:
        """Return a user's preferences, of a category, or under a name; a part that is empty is not found."""
        request = preferences_pb2.ListPreferencesRequest(
            actor=actor(caller), user_id=user_id, category=category, name=name
        )
        return (await self._peer.call(self._preferences.ListPreferences, request)).preferences

    async def save(self, caller: Caller, user_id: str, preferences: Preferences) -> None:
        """Set preferences, all or none."""
        request = preferences_pb2.SavePreferencesRequest(actor=actor(caller), user_id=user_id, preferences=preferences)
        await self._peer.call(self._preferences.SavePreferences, request)

    async def delete(self, caller: Caller, user_id: str, preferences: Preferences) -> None:
        """Remove preferences; one that is not there is no change."""
        request = preferences_pb2.DeletePreferencesRequest(
            actor=actor(caller), user_id=user_id, preferences=preferences
        )
        await self._peer.call(self._preferences.DeletePreferences, request)
