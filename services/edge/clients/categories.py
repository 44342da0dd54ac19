"""Calls of messaging: sidebar categories."""

from collections.abc import Sequence

from chorus.messaging.v1 import categories_pb2, categories_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class CategoryClient:
    """The headings of users' sidebars."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._categories = categories_pb2_grpc.CategoryServiceStub(peer.channel)

    async def list(self, caller: Caller, user_id: str, team_id: str) -> Sequence[categories_pb2.Category]:
        """Return a user's headings in a team, in their order."""
        request = categories_pb2.ListCategoriesRequest(actor=actor(caller), user_id=user_id, team_id=team_id)
        return (await self._peer.call(self._categories.ListCategories, request)).categories

    async def create(
        self, caller: Caller, user_id: str, team_id: str, category: categories_pb2.Category
    ) -> categories_pb2.Category:
        """Make a custom heading."""
        request = categories_pb2.CreateCategoryRequest(
            actor=actor(caller), user_id=user_id, team_id=team_id, category=category
        )
        return (await self._peer.call(self._categories.CreateCategory, request)).category

    async def update(
        self, caller: Caller, user_id: str, team_id: str, categories: Sequence[categories_pb2.Category]
    ) -> Sequence[categories_pb2.Category]:
        """Change headings; return them as they are now, in the order given."""
        request = categories_pb2.UpdateCategoriesRequest(
            actor=actor(caller), user_id=user_id, team_id=team_id, categories=categories
        )
        return (await self._peer.call(self._categories.UpdateCategories, request)).categories

    async def order(self, caller: Caller, user_id: str, team_id: str, ids: Sequence[str]) -> None:
        """Put the headings into an order."""
        request = categories_pb2.OrderCategoriesRequest(
            actor=actor(caller), user_id=user_id, team_id=team_id, category_ids=ids
        )
        await self._peer.call(self._categories.OrderCategories, request)

    async def delete(self, caller: Caller, user_id: str, team_id: str, category_id: str) -> None:
        """Remove a custom heading."""
        request = categories_pb2.DeleteCategoryRequest(
            actor=actor(caller), user_id=user_id, team_id=team_id, category_id=category_id
        )
        await self._peer.call(self._categories.DeleteCategory, request)
