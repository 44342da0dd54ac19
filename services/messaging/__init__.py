"""Messaging: teams, channels, memberships, posts and their history."""
