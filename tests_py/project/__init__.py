"""Tests of the checkout: its documents, rooms, words, names, scripts, recorded bytes and mutants."""
