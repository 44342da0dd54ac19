"""Rules over plain values: no I/O, no clock, no protobuf."""
