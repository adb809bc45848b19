"""Bad twins: written songs broken on purpose, one fault each, to prove that judges hear it.

Belongs here: faults and the table of them (``kinds.KINDS``), the editing they share. Does not belong here: judging.
Written without sight of the judges' code: a twin is what a broken generator would hand on. What is declared (key,
chords, sections, energies, composition's materials, checks) stays as it was; only what sounds or is sung is broken.
"""
