"""From score to sound: instruments per track and their rendering."""
