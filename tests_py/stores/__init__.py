"""Tests of the stores: crashes, full and failing disks, PostgreSQL's faults, sessions, rights and TLS."""
