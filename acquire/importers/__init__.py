"""Files that are not our own, as runs that can be replayed and fitted."""
