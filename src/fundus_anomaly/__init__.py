"""Anomaly detection in fundus photographs: the library that the workflow's rules call.

``docs/architecture.md`` says what lies in which folder. Imports run downwards only; nothing here knows of Snakemake.
"""
