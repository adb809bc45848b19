"""The folder that the other interpreter is shown: model_child and nothing else, lest a name here hide a library.

Belongs here: model_child. Does not belong here: any other module.
"""
