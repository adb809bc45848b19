"""Models that compute on this machine: what a weights folder holds, the process they live in, and their jobs.

Belongs here: MusicGen and Demucs as engines. Nothing here imports torch: the models run in an environment of their own
(model_child). Does not belong here: engines that answer over a network (resources.providers).
"""
