"""The WebSocket side of the edge: every durable event of a socket's topics, in order, once, or the socket is closed."""
