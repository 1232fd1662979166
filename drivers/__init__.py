"""Wires: strict drivers of the instruments, and the roles they play."""
