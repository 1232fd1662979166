"""The window, one dock a file."""
