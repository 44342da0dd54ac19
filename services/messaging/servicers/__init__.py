"""gRPC in and out: a line or two an RPC."""
