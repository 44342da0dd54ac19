"""The edge: sockets, the REST surface, and the Mattermost dialect. It keeps no state that it cannot rebuild."""
