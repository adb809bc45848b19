"""From words to a resolved context."""
