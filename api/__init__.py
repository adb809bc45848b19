"""The HTTP side: a small Flask application over the door and the registry."""
