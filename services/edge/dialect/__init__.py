"""Mattermost JSON to and from protobuf, pure: field names, error ids and JSON-in-JSON live here alone."""
