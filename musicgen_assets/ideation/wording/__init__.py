"""What a prompt says: words, numbers, genres, keys, each finder on its own."""
