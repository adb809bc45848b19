"""What each asset reads and needs, result keys, code fingerprints, and the job a computation is handed. Pure."""
