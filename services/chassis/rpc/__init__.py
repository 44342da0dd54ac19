"""gRPC between the services: identities, deadlines, errors and metrics in one place."""
