"""Notes in time: ticks, tracks, sections, the materials that stages pass on, and Standard MIDI Files."""
