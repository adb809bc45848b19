"""A song as musicians read it: on the written grid, as MusicXML, ChordPro, chord chart, lead sheet, click.

Belongs here: pure writers from a score to text or bytes; equal inputs give equal bytes. Does not belong here: what the
notes are (composition, arrangement), engraving a page (finalization), files.
"""
