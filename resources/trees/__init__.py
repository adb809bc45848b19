"""A composition as one file, with its tree of versions and all they are made of, from one home to another.

``model`` is what is written of the registry, ``packing`` writes the file, ``archive`` reads one that anybody may have
made, ``unpacking`` takes it into a home. The file is a plain tar: tree.json, then every object under its sha256.
"""
