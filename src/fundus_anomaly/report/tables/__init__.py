"""The paper's tables from the long tables of the evaluations, with the published numbers beneath ours."""
