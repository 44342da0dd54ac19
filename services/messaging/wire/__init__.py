"""Domain values as protobuf, for answers and for the bodies of events."""
