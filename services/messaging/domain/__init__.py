"""Rules over plain values: no I/O, no clocks, no protobuf."""
