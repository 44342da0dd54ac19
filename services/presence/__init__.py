"""Presence: who is here, who is typing."""
