"""Engines: what they are asked for, what each can do, and who is chosen. Pure; nothing here speaks with one."""
