"""Tests of dti_server and dtictl: rules, the wire, hostile peers, start, stop and log."""
