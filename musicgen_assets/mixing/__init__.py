"""From stems to one mix, by a written plan."""
