"""A real browser loads a client's build from the mesh and chats; nothing of what it does is simulated."""
