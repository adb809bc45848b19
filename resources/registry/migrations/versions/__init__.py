"""One file a migration, in order. Never edit one that was released."""
