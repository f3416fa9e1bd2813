"""ReSAD (Niu et al., 2023): equations 1 to 7. PatchCore is the same without ReSC."""
