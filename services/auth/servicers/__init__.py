"""gRPC: unpack, operation, pack."""
