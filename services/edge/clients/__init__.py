"""The edge's way to the other services: deadlines, batches, retries of what may be repeated. Nothing of the dialect."""
