"""Masters per delivery target, their measurement, and the verdict of the gate."""
