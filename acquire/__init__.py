"""The app: configuration, station, journal, worker, live fit, replay, command line, window."""
