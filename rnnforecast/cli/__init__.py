"""The shell around the core: the only room that prints, reads flags and traps signals."""
