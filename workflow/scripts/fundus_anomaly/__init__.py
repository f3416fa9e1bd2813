"""Anomaly detection in fundus photographs: the library that the workflow's rules call.

The listing follows the data's way, from photograph to table. Nothing in this package knows of Snakemake.
"""
