"""Tables, figures and pages, from the long tables of the evaluations and the files of scores."""
