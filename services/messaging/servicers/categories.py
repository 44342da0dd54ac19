"""CategoryService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import categories_pb2, categories_pb2_grpc
from services.messaging.operations.categories import CategoryOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import categories as wire

Context = grpc.aio.ServicerContext[Any, Any]


class CategoryServicer(categories_pb2_grpc.CategoryServiceServicer):
    """Sidebar categories over gRPC."""

    def __init__(self, operations: CategoryOperations) -> None:
        """Serve the operations."""
        self._operations = operations

    async def ListCategories(
        self, request: categories_pb2.ListCategoriesRequest, context: Context
    ) -> categories_pb2.ListCategoriesResponse:
        """Return a user's headings."""
        found = await self._operations.list(actor(request.actor), request.user_id, request.team_id)
        return categories_pb2.ListCategoriesResponse(categories=map(wire.category, found))

    async def CreateCategory(
        self, request: categories_pb2.CreateCategoryRequest, context: Context
    ) -> categories_pb2.CreateCategoryResponse:
        """Make a heading."""
        asked = wire.asked(request.category, request.user_id, request.team_id)
        made = await self._operations.create(actor(request.actor), asked)
        return categories_pb2.CreateCategoryResponse(category=wire.category(made))

    async def UpdateCategories(
        self, request: categories_pb2.UpdateCategoriesRequest, context: Context
    ) -> categories_pb2.UpdateCategoriesResponse:
        """Change headings."""
        user_id, team_id = request.user_id, request.team_id
        asked = [wire.asked(category, user_id, team_id) for category in request.categories]
        changed = await self._operations.update(actor(request.actor), user_id, team_id, asked)
        return categories_pb2.UpdateCategoriesResponse(categories=map(wire.category, changed))

    async def OrderCategories(
        self, request: categories_pb2.OrderCategoriesRequest, context: Context
    ) -> categories_pb2.OrderCategoriesResponse:
        """Order headings."""
        await self._operations.order(actor(request.actor), request.user_id, request.team_id, request.category_ids)
        return categories_pb2.OrderCategoriesResponse()

    async def DeleteCategory(
        self, request: categories_pb2.DeleteCategoryRequest, context: Context
    ) -> categories_pb2.DeleteCategoryResponse:
        """Remove a heading."""
        await self._operations.delete(actor(request.actor), request.user_id, request.team_id, request.category_id)
        return categories_pb2.DeleteCategoryResponse()
