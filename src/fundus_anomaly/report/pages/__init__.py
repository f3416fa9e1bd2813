"""Pages for a browser: one a table, a figure, the scores and the audit."""
