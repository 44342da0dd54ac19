"""How many statements something costs, whatever goes through the database's transactions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any
from unittest.mock import patch

from google.protobuf.descriptor import MethodDescriptor

from services.chassis.database import Row, Statement, pipeline, standing


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are run meanwhile, those of a round trip one by one; nothing else may run then.

    But not the one that goes with every COMMIT.
    """
    seen: list[str] = []
    run = pipeline.run

    async def counting(driver: Any, statements: Sequence[Statement], **ends: Any) -> list[list[Row]]:
        seen.extend(sql.strip() for sql, _ in statements if sql is not standing.DOUBT)
        return await run(driver, statements, **ends)

    with patch.object(pipeline, "run", counting):
        yield seen


def methods(package: ModuleType) -> dict[str, MethodDescriptor]:
    """All methods of a service's contracts, as `Service.Method`."""
    return {
        f"{service.name}.{method.name}": method
        for module in iter_modules(package.__path__)
        if module.name.endswith("_pb2")
        for service in import_module(f"{package.__name__}.{module.name}").DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def of_many(package: ModuleType) -> set[str]:
    """Those that take or answer many of something."""
    return {
        name
        for name, method in methods(package).items()
        if any(field.is_repeated for field in (*method.input_type.fields, *method.output_type.fields))
    }


def stub_method(name: str, method: MethodDescriptor, channel: Any) -> Any:
    """The generated stub's method."""
    module = import_module(f"{method.containing_service.file.name[:-6].replace('/', '.')}_pb2_grpc")
    service, _, own = name.partition(".")
    return getattr(getattr(module, f"{service}Stub")(channel), own)


def more(few: Mapping[str, Sequence[str]], many: Mapping[str, Sequence[str]]) -> dict[str, Counter[str]]:
    """The statements by which something costs more with many than with few."""
    return {name: Counter(many[name]) - Counter(few[name]) for name in many if len(many[name]) > len(few[name])}
