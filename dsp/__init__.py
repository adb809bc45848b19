"""Audio functions over arrays: float32, shape (channels, samples), nominal range [-1, 1].

Nothing here knows what a song, a section or an instrument is.
"""
