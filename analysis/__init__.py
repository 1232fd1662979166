"""Numbers: from rows to a phase coherence length, with no Qt, no VISA, no files and no clock."""
