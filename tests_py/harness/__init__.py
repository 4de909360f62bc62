"""What the end-to-end tests need: the real binaries, real stores and raw peers on the wire."""
