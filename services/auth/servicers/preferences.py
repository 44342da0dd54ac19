"""PreferenceService."""

from typing import Any

import grpc

from chorus.auth.v1 import preferences_pb2, preferences_pb2_grpc
from services.auth.domain.preferences import Preference
from services.auth.operations.messages import preference_message
from services.auth.operations.preferences import Preferences

Context = grpc.aio.ServicerContext[Any, Any]


class PreferenceServicer(preferences_pb2_grpc.PreferenceServiceServicer):
    """Preferences."""

    def __init__(self, preferences: Preferences) -> None:
        """Serve these operations."""
        self._preferences = preferences

    async def ListPreferences(
        self, request: preferences_pb2.ListPreferencesRequest, context: Context
    ) -> preferences_pb2.ListPreferencesResponse:
        """Return a user's preferences, or a part of them."""
        actor, name = request.actor, request.name if request.HasField("name") else None
        found = await self._preferences.find(actor.user_id, tuple(actor.roles), request.user_id, request.category, name)
        return preferences_pb2.ListPreferencesResponse(preferences=map(preference_message, found))

    async def SavePreferences(
        self, request: preferences_pb2.SavePreferencesRequest, context: Context
    ) -> preferences_pb2.SavePreferencesResponse:
        """Set preferences."""
        actor = request.actor
        given = [_preference(each) for each in request.preferences]
        await self._preferences.save(actor.user_id, tuple(actor.roles), request.user_id, given)
        return preferences_pb2.SavePreferencesResponse()

    async def DeletePreferences(
        self, request: preferences_pb2.DeletePreferencesRequest, context: Context
    ) -> preferences_pb2.DeletePreferencesResponse:
        """Remove preferences."""
        actor = request.actor
        given = [_preference(each) for each in request.preferences]
        await self._preferences.delete(actor.user_id, tuple(actor.roles), request.user_id, given)
        return preferences_pb2.DeletePreferencesResponse()


def _preference(message: preferences_pb2.Preference) -> Preference:
    return Preference(message.user_id, message.category, message.name, message.value)
